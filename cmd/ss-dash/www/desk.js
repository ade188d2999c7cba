// desk.js: the desk. It listens to the server (events in a stream, see
// ss-dash(1)) and hands on what comes to the parts.

import { $, ask, button, few, make, percent, duration, hue } from "./parts.js";
import { createModel, CONTROL } from "./model.js";
import { createLog } from "./log.js";
import { createQueue } from "./queue.js";
import { createUser, createWhy } from "./user.js";
import { createPolicy } from "./policy.js";
import { createCharts } from "./charts.js";
import { createHealth } from "./health.js";

const model = createModel();
const user = createUser({ model });
const why = createWhy({ model });
const openUser = (name) => { why.close(); user.open(name); };
const openWhy = (item) => { user.close(); why.open(item); };
const log = createLog({ model, onuser: openUser, onwhy: openWhy });
const queue = createQueue({ model, onuser: openUser, onwhy: openWhy, say: tell });
const policy = createPolicy({ model, onuser: openUser });
const charts = createCharts();
const health = createHealth({ onopen: () => choose("tab-stages") });

let source, tried = 0, lastTick = 0, wrong = "", spoken = 0;

// --- to those who listen ---

// What is held, once in a while: a flood of it must not be read out.
function tell(text) {
  if (Date.now() - spoken < 5000) return;
  spoken = Date.now();
  const e = make("p", "unseen", text);
  $("toasts").append(e);
  setTimeout(() => e.remove(), 3000);
}

function link(text, cls) {
  if ($("link").textContent === text) return;
  $("link").textContent = text;
  $("link").className = `pill ${cls}`;
}

function alarm(text) {
  $("alert").hidden = !text;
  // read out once, and not for each second that goes by in it
  if (text.replace(/[\d:]+/g, "") !== wrong.replace(/[\d:]+/g, "") || !text) $("alert").textContent = text;
  wrong = text;
}

// --- what comes ---

function lines(data) {
  const out = [];
  for (const s of data.split("\n")) {
    if (!s) continue;
    try { out.push(JSON.parse(s)); } catch { /* not for us */ }
  }
  return out;
}

function touched(e) {
  if (e.type === "delete" || e.type === "approve" || e.type === "deny") log.change(model.find(e.target));
  if (e.type === "purge") log.all();
  if (e.approved) log.change(model.find(e.approved));
}

const on = {
  hello(d) {
    tried = 0;
    $("me").textContent = `${d.by} (${d.role})`;
    charts.withDatabase(d.db);
    if (!d.resumed) { model.forget(); charts.clear(); }
  },
  state(d, raw) {
    model.standing(lines(raw));
    policy.draw();
    queue.draw();
  },
  past(d, raw) {
    for (const e of lines(raw)) model.add(e);
    model.expire(Date.now());
    log.all();
    queue.draw();
    policy.draw();
  },
  lines(d, raw) {
    let decided = false, control = false;
    for (const e of lines(raw)) {
      const item = model.add(e);
      touched(e);
      if (item) log.add(item);
      control = control || CONTROL.includes(e.type);
      decided = decided || e.held || e.approved || control;
    }
    policy.heard();
    if (decided) queue.draw();
    if (control) { policy.draw(); user.state(); }
  },
  points(d) { charts.take(d); },
  tick(d) {
    lastTick = Date.now();
    charts.take(d.points);
    charts.draw();
    if (d.leaders) leaders(d.leaders);
    alarm(health.tick(d));
    numbers();
    link(d.bus === "live" ? "live" : "bus away", d.bus === "live" ? "good" : "bad");
  },
  anew() { listen(); },
  expired() { signIn("The token has expired."); },
};

function numbers() {
  const i = charts.indexes, last = charts.last(6).slice(0, -1), minute = charts.last(60);
  const sum = (ps, k) => ps.reduce((a, p) => a + p[k], 0);
  const known = [...minute].reverse();
  const newest = (k) => known.find((p) => p[k] != null)?.[k];
  $("now-viewers").textContent = few(newest(i.VIEWERS));
  $("now-rate").textContent = last.length ? few(sum(last, i.CHAT) / last.length) : "–";
  $("now-toxic").textContent = percent(sum(minute, i.CHAT) ? sum(minute, i.TOXIC) / sum(minute, i.CHAT) : NaN);
  $("now-gifts").textContent = few(sum(minute, i.GIFTS));
  $("now-loop").textContent = duration(newest(i.P99));
  $("now-held").textContent = model.held.size;
  $("now-held").classList.toggle("hot", model.held.size > 0);
  document.title = `${model.held.size ? `(${model.held.size}) ` : ""}Desk · SafeStream`;
}

function leaders(d) {
  for (const [k, rows] of Object.entries(d)) {
    const most = rows[0]?.[1] || 1, list = $(`top-${k}`);
    if (list.contains(document.activeElement)) continue;
    list.replaceChildren(...rows.map(([name, n]) => {
      const li = make("li"), b = button(name, "who", () => openUser(name));
      li.style.setProperty("--share", n / most);
      b.style.setProperty("--hue", hue(name));
      li.append(b, make("span", "n", few(n, 6)));
      return li;
    }));
    if (!rows.length) list.replaceChildren(make("li", "empty", "Nobody yet."));
  }
}

// --- the stream ---

function listen() {
  source?.close();
  $("login").hidden = true;
  $("desk").hidden = false;
  source = new EventSource("/api/stream");
  for (const [name, f] of Object.entries(on))
    source.addEventListener(name, (m) => f(["state", "past", "lines"].includes(name) ? null : JSON.parse(m.data), m.data));
  source.onerror = again;
}

// The browser comes back by itself after a break, but not after an answer
// that was no stream: then we see what that is about.
async function again() {
  link("the desk's server is away, trying again …", "bad");
  if (source.readyState !== EventSource.CLOSED) return;
  setTimeout(start, Math.min(10000, 500 * 2 ** tried++));
}

setInterval(() => {
  const now = Date.now();
  if (model.expire(now)) { queue.draw(); policy.draw(); }
  queue.tick(now);
  policy.tick(now);
  if (user.name) user.state();
  if (lastTick && now - lastTick > 6000 && !$("desk").hidden) link(`silent for ${Math.round((now - lastTick) / 1000)} s`, "bad");
}, 1000);

// --- who it is ---

function signIn(text) {
  source?.close();
  $("desk").hidden = true;
  $("login").hidden = false;
  $("login-error").textContent = text || "";
  link("signed out", "off");
  alarm("");
  $("token").focus();
}

$("login").addEventListener("submit", async (e) => {
  e.preventDefault();
  const token = $("token").value.trim();
  try {
    await ask("/api/session", { token });
    $("token").value = "";
    start();
  } catch (x) { $("login-error").textContent = x.message; }
});
$("leave").addEventListener("click", async () => {
  try { await ask("/api/session", undefined, "DELETE"); } catch { /* it ends by itself */ }
  signIn();
});

async function start() {
  try {
    const s = await ask("/api/session");
    $("leave").hidden = !s.locked;
    listen();
  } catch (e) {
    if (e.status === 401 || e.status === 403) signIn(tried || e.status === 403 ? e.message : "");
    else setTimeout(start, Math.min(10000, 500 * 2 ** tried++));
  }
}

// --- tabs and keys ---

const tabs = [...document.querySelectorAll("[role=tab]")];

function choose(id) {
  for (const t of tabs) {
    const yes = t.id === id;
    t.setAttribute("aria-selected", String(yes));
    t.tabIndex = yes ? 0 : -1;
    $(t.getAttribute("aria-controls")).hidden = !yes;
  }
  if (id === "tab-charts") charts.open();
  if (id === "tab-policy") policy.draw();
}
for (const t of tabs) {
  t.addEventListener("click", () => choose(t.id));
  t.addEventListener("keydown", (e) => {
    const at = tabs.indexOf(t);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1 + tabs.length, Home: 0, End: tabs.length - 1 }[e.key];
    if (to === undefined) return;
    tabs[to % tabs.length].focus();
    choose(tabs[to % tabs.length].id);
    e.preventDefault();
  });
}

$("keys-open").addEventListener("click", () => $("keys").showModal());
document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.altKey || e.metaKey || $("keys").open || $("desk").hidden) return;
  if (e.key === "Escape") {
    if (e.target.matches("input") && e.target.value) return;
    if (why.close() || user.close()) $("log").focus();
    return;
  }
  if (e.target.matches("input, textarea, select")) return;
  if (e.key === "/") $("f-text").focus();
  else if (e.key === "?") $("keys").showModal();
  else if (!queue.key(e.key.toLowerCase())) return;
  e.preventDefault();
});

start();
