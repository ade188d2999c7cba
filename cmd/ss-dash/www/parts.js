// parts.js: what every part of the desk needs: elements, words for numbers and
// times, and the way to the server. Whatever somebody wrote goes into the
// document as text (textContent), never as markup.

export const $ = (id) => document.getElementById(id);

export function make(name, cls, text) {
  const e = document.createElement(name);
  if (cls) e.className = cls;
  if (text !== undefined) e.textContent = text;
  return e;
}

export function button(text, cls, onclick, label) {
  const b = make("button", cls, text);
  b.type = "button";
  if (label) b.setAttribute("aria-label", label);
  if (onclick) b.addEventListener("click", onclick);
  return b;
}

const times = new Intl.DateTimeFormat(undefined,
  { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
export const clock = (ts) => { const t = new Date(ts); return isNaN(t) ? "" : times.format(t); };

// 75 seconds as 1:15
export function span(ms) {
  const s = Math.max(0, Math.ceil(ms / 1000)), h = Math.floor(s / 3600), d = Math.floor(h / 24);
  const two = (n) => String(n).padStart(2, "0");
  if (d > 400) return "for ever";
  if (d) return `${d} d ${h % 24} h`;
  return h ? `${h}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`
    : `${Math.floor(s / 60)}:${two(s % 60)}`;
}

export const few = (n, digits = 3) => n == null ? "–"
  : new Intl.NumberFormat(undefined, { maximumSignificantDigits: digits, notation: n >= 1e5 ? "compact" : "standard" }).format(n);
export const percent = (x) => x == null || isNaN(x) ? "–" : `${(100 * x).toFixed(x < 0.1 ? 1 : 0)} %`;
export const duration = (s) => s == null ? "–" : s < 0.001 ? `${Math.round(s * 1e6)} µs`
  : s < 1 ? `${few(s * 1000, 2)} ms` : `${few(s, 2)} s`;
export const bytes = (n) => n == null ? "–" : n < 1024 ? `${n} B`
  : n < 1 << 20 ? `${few(n / 1024)} KiB` : `${few(n / (1 << 20))} MiB`;

// A name has always the same colour.
export function hue(name) {
  let h = 7;
  for (const c of name) h = (h * 31 + c.codePointAt(0)) % 9973;
  return (h * 137) % 360;
}

export function toast(text, bad) {
  const e = make("p", bad ? "toast bad" : "toast", text);
  $("toasts").append(e);
  while ($("toasts").childElementCount > 4) $("toasts").firstChild.remove();
  setTimeout(() => e.remove(), bad ? 8000 : 4000);
}

// Asks the server. The answer's object; throws an Error with its detail.
export async function ask(path, body, method) {
  const r = await fetch(path, {
    method: method || (body ? "POST" : "GET"),
    headers: body ? { "Content-Type": "application/json" } : {},
    body: body && JSON.stringify(body),
  });
  let answer = {};
  try { answer = await r.json(); } catch { /* its status says it */ }
  if (r.ok) return answer;
  const e = new Error(answer.detail || answer.error || `status ${r.status}`);
  e.status = r.status;
  throw e;
}

// Does what a moderator does. True when it is done; what failed is told.
export async function act(action, fields, done) {
  try {
    await ask(`/api/act/${action}`, fields);
    if (done) toast(done);
    return true;
  } catch (e) {
    toast(`${action}: ${e.message}`, true);
    return false;
  }
}
