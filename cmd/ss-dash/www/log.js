// log.js: the chat as it comes. However much comes, the page has at most ROWS
// rows and makes them once a frame; who has scrolled up is left in peace.

import { giftOf } from "./catalogue.js";
import { createFollow } from "./follow.js";
import { $, act, button, clock, hue, make } from "./parts.js";

const ROWS = 250;
const AIM = 3000; // ms that the lines stand still after the pointer moved
const ROLES = { subscriber: "Sub", moderator: "Mod", streamer: "Host", admin: "Admin" };

const describe = {
  mute: (e) => `muted ${e.user}${e.until ? ` until ${clock(e.until)}` : ""}`,
  unmute: (e) => `unmuted ${e.user}`,
  kick: (e) => `kicked ${e.user}`,
  ban: (e) => `banned ${e.user || e.address}`,
  unban: (e) => `unbanned ${e.user || e.address}`,
  delete: () => "deleted a message",
  purge: (e) => `removed everything by ${e.user}`,
  slow: (e) => (e.seconds ? `slow mode: one message every ${e.seconds} s` : "slow mode off"),
  subonly: (e) => (e.on ? "subscribers only" : "open to everybody"),
  threshold: (e) => `threshold ${e.value}`,
  level: (e) => `hold level ${e.level}${e.label ? ` for ${e.label}` : ""}`,
  hold: (e) => `hold level ${e.level}`,
  approve: () => "approved a message",
  deny: () => "denied a message",
};

// Of a streak: how many more, what they are worth, and how many there are now.
function gift({ e, times = 1 }) {
  const { thing, label } = giftOf(e.gift_id);
  return `gave ${times === 1 ? "" : `${times} × `}${thing} ${label}, worth ${times * e.amount}${
    e.streak && e.count > 1 ? ` (${e.count} in a row)` : ""}`;
}

export function say(item) {
  const e = item.e;
  if (item.kind === "gift") return gift(item);
  return item.kind === "action" ? describe[e.type](e) : String(e.message ?? "");
}

export const author = (item) => String(item.e.user && item.kind === "chat" ? item.e.user
  : item.e.from || item.e.by || "");

function tag(cls, text) {
  return make("span", `tag ${cls}`, text);
}

function score(e) {
  const s = make("span", "score", e.score == null ? "" : e.score.toFixed(2));
  s.style.setProperty("--score", e.score ?? 0);
  if (e.score != null) s.title = "score";
  return s;
}

export function tags(item) {
  const e = item.e, out = [];
  if (ROLES[e.role]) out.push(tag("role", ROLES[e.role]));
  if (e.room) out.push(tag("", `#${e.room}`));
  if (e.toxic) out.push(tag("toxic", e.reason ? `toxic: ${e.reason}` : "toxic"));
  if (e.blocked) out.push(tag("toxic", "blocked"));
  if (e.masked) out.push(tag("toxic", "masked"));
  if (item.fate) out.push(tag(item.fate, item.by ? `${item.fate} by ${item.by}` : item.fate));
  else if (e.held) out.push(tag("held", "held"));
  if (e.approved) out.push(tag("approved", "approved"));
  if (item.gone) out.push(tag("gone", item.by ? `deleted by ${item.by}` : "deleted"));
  return out;
}

function row(item) {
  const r = make("div", `row ${item.kind}`), name = author(item);
  r.tabIndex = -1;
  r.classList.toggle("flag", !!item.e.toxic);
  r.classList.toggle("dead", !!item.gone);
  r.append(make("time", "", clock(item.e.ts)), score(item.e));
  const who = make("span", "who", name);
  who.style.setProperty("--hue", hue(name));
  const text = make("bdi", "text", say(item));
  text.dir = "auto";
  r.append(who, text, ...tags(item));
  return r;
}

export function createLog({ model, onuser, onwhy }) {
  const log = $("log"), newer = $("newer");
  const only = { text: "", user: "", kind: "" };
  const of = new WeakMap(); // row -> item
  let rows = new Map(); // item -> row
  let waiting = [], frame = 0, missed = 0;
  let timer;
  const follow = createFollow(log, goOn);

  function fits(item) {
    if (only.kind === "toxic" && !item.e.toxic) return false;
    if (only.kind === "held" && !item.e.held) return false;
    if (["gift", "action"].includes(only.kind) && item.kind !== only.kind) return false;
    if (only.user && !`${author(item)} ${item.e.user || ""}`.toLowerCase().includes(only.user)) return false;
    return !only.text || say(item).toLowerCase().includes(only.text);
  }

  function put(items) {
    const f = document.createDocumentFragment();
    for (const item of items.slice(-ROWS)) {
      const r = row(item);
      rows.set(item, r);
      of.set(r, item);
      f.append(r);
    }
    log.append(f);
    while (log.childElementCount > ROWS) {
      rows.delete(of.get(log.firstChild));
      log.firstChild.remove();
    }
  }

  // While the pointer is on its way to a line, the lines stand still: or one
  // would click on what has just moved there.
  let pointer = "", moved = -AIM, later;
  const aiming = () => log.matches(":hover") && performance.now() - moved < AIM;
  function goOn() {
    clearTimeout(later);
    if (!missed || !follow.on) return;
    if (aiming()) later = setTimeout(goOn, AIM);
    else all();
  }

  function draw() {
    frame = 0;
    const fresh = waiting.filter(fits);
    waiting = [];
    if ((!follow.on || aiming()) && log.childElementCount) {
      missed += fresh.length;
      newer.hidden = !missed;
      newer.textContent = `${missed} newer`;
      return goOn();
    }
    if (missed) return all();
    put(fresh);
    follow.toEnd();
  }

  function all() {
    waiting = [];
    missed = 0;
    newer.hidden = true;
    log.replaceChildren();
    rows = new Map();
    const fit = model.items.filter(fits);
    put(fit);
    follow.toEnd();
    $("shown").textContent = only.kind || only.text || only.user
      ? `${fit.length} of the last ${model.items.length}` : "";
  }

  function add(item) {
    waiting.push(item);
    if (waiting.length > 2000) waiting.splice(0, 1000);
    // not in a hidden tab: there are no frames, and it need not be drawn
    if (!frame) frame = requestAnimationFrame(draw);
  }

  function change(item) {
    const r = item && rows.get(item);
    if (!r) return;
    const fresh = row(item);
    rows.set(item, fresh);
    of.set(fresh, item);
    r.replaceWith(fresh);
  }

  // --- what can be done with a line ---

  const bar = make("span", "bar");
  bar.append(
    button("Why", "quiet", () => at() && onwhy(at()), "Why this verdict"),
    button("Mute", "quiet", () => mute(at()), "Mute for 5 minutes"),
    button("Delete", "quiet bad", () => remove(at()), "Delete the message"));
  const at = () => of.get(bar.closest(".row"));

  function mute(item) {
    const name = item && author(item);
    if (item?.kind === "chat") act("mute", { user: name, duration: 300 }, `${name} is muted for 5 minutes`);
  }
  function remove(item) {
    if (item?.kind === "chat" && !item.gone) act("delete", { target: item.e.id }, "Deleted");
  }
  function show(r) {
    const item = r && of.get(r);
    if (item?.kind === "chat") r.append(bar); else bar.remove();
  }

  log.addEventListener("mouseover", (e) => show(e.target.closest(".row")));
  log.addEventListener("focusin", (e) => { if (e.target.matches(".row")) show(e.target); });
  log.addEventListener("mousemove", (e) => {
    const place = `${e.clientX} ${e.clientY}`; // the same where lines moved
    if (place !== pointer) moved = performance.now();
    pointer = place;
  });
  log.addEventListener("mouseleave", () => {
    if (!bar.contains(document.activeElement)) bar.remove();
    goOn();
  });
  log.addEventListener("click", (e) => {
    const r = e.target.closest(".row");
    if (e.target.matches(".who") && of.get(r)) onuser(author(of.get(r)));
  });
  log.addEventListener("keydown", (e) => {
    const r = document.activeElement.closest(".row"), item = r && of.get(r);
    const go = { ArrowUp: r ? r.previousElementSibling : log.lastElementChild, ArrowDown: r?.nextElementSibling }[e.key];
    if (e.ctrlKey || e.altKey || e.metaKey) return;
    if (go) go.focus();
    else if (item && e.target === r && e.key === "Enter") onuser(author(item));
    else if (item && e.key === "Delete") remove(item);
    else if (item && e.key === "m") mute(item);
    else if (item && e.key === "w" && item.kind === "chat") onwhy(item);
    else if (r && e.key === "Escape") log.focus();
    else return;
    e.preventDefault();
    e.stopPropagation();
  });
  newer.addEventListener("click", () => { all(); log.focus(); });

  function filter() {
    only.text = $("f-text").value.trim().toLowerCase();
    only.user = $("f-user").value.trim().toLowerCase();
    clearTimeout(timer);
    timer = setTimeout(all, 120);
  }
  $("filters").addEventListener("input", filter);
  $("filters").addEventListener("submit", (e) => e.preventDefault());
  $("filters").addEventListener("click", (e) => {
    const chip = e.target.closest(".chip");
    if (!chip) return;
    only.kind = only.kind === chip.dataset.only ? "" : chip.dataset.only;
    for (const c of $("filters").querySelectorAll(".chip"))
      c.setAttribute("aria-pressed", String(c.dataset.only === only.kind));
    all();
  });

  return { add, all, change };
}
