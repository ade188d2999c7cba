// app.js: the viewers' page. It joins, hands what the server says to the list
// (list.js, rows.js) and the gifts (gifts.js), and says what becomes of each
// message of one's own and how the connection is.

import { CATALOGUE, giftOf } from "./catalogue.js";
import { connect } from "./safestream.js";
import { createComposer } from "./compose.js";
import { createGiver, createShow, createStreaks } from "./gifts.js";
import { createLimits } from "./limits.js";
import { createList } from "./list.js";
import { reaches } from "./roles.js";
import { createRows } from "./rows.js";
import { createWatch } from "./watch.js";

const NAME = /^[A-Za-z0-9._-]{1,50}$/;
const HISTORY = 100;
const LATE = 2000; // ms after which a message is "still on its way"
const HOLD = 300000; // ms that a message is held: then it ends as denied
const SEEN = 4000; // ids remembered, so that nothing stands there twice

const $ = (id) => document.getElementById(id);
const asked = new URLSearchParams(location.search).get("room") || "";
const room = NAME.test(asked) ? asked : undefined;
const seen = new Set(), gone = new Map(); // ids; of what is gone, what deleted it
const sent = new Map(); // nonce -> item: no answer yet
const held = new Map(); // id -> item
const sums = new Map(); // who gave how much
let me, chat, past = false;

const list = createList({ box: $("list"), button: $("newer"),
  draw: createRows({ onretry: retry }) });
const streaks = createStreaks();
const show = createShow({ chips: $("streaks"), sky: $("sky") });
const limits = createLimits({ notice: $("notice"), say, onchange: () => composer.refresh() });
const composer = createComposer({ form: $("composer"), field: $("text"), count: $("count"),
  send: $("send"), button: $("emoji-button"), panel: $("emoji"),
  onsend: send, allowed: () => limits.allowed() });
const watch = createWatch({ state: $("state"), text: $("state-text"), bar: $("trouble"),
  barText: $("trouble-text"), viewers: $("viewers"), say });
const give = createGiver({ post: postGift, onfail(why) {
  $("gift-error").textContent = `The gift was not sent: ${why}`;
} });

// --- for those who listen ---------------------------------------------------

let unsaid = [];

// Read out as soon as what is being read allows; chat in one go, not one by one.
function say(text) {
  $("say").textContent = text;
}

setInterval(() => {
  if (unsaid.length) say(unsaid.length > 3 ? `${unsaid.length} new messages` : unsaid.join(". "));
  unsaid = [];
}, 2500);

// --- what comes -------------------------------------------------------------

// Was it deleted, maybe before it came?
const isGone = (id, ev) => gone.has(id) && reaches(gone.get(id), ev);

function isNew(id) {
  if (seen.has(id)) return false;
  seen.add(id);
  if (seen.size > SEEN) seen.delete(seen.values().next().value);
  return true;
}

// Any stage may write to the line; what is no message is not shown.
const isText = (s) => typeof s === "string";

function settle(nonce) {
  const item = sent.get(nonce);
  if (sent.delete(nonce) && item.fate === "late") tellLate();
  return item;
}

function onChat(ev) {
  if (!isText(ev.user) || !isText(ev.message)) return;
  const mine = ev.user === me?.name;
  const own = mine ? settle(ev.nonce) : undefined;
  if (own) list.remove(own);
  if (ev.approved) release(ev.approved);
  if ((isText(ev.approved) && isGone(ev.approved, ev)) || isGone(ev.id, ev) || !isNew(ev.id)) return;
  const fate = ev.blocked ? "blocked" : ev.held ? "held"
    : own || (mine && ev.approved) ? "sent" : undefined;
  const item = { id: ev.id, kind: "chat", event: ev, mine, fate, why: ev.reason };
  list.add(item);
  if (ev.held) held.set(ev.id, item);
  if (!mine) unsaid.push(`${ev.user}: ${ev.toxic ? "a message that may be hurtful" : ev.message}`);
  else if (fate === "blocked" || fate === "held") say(`Your message is ${fate}.`);
}

function release(id) {
  const item = held.get(id);
  held.delete(id);
  if (item) list.remove(item);
}

function deny(id) {
  const item = held.get(id);
  held.delete(id);
  if (!item) return;
  item.fate = "denied";
  list.redraw(item);
}

function onGift(ev) {
  if (!isText(ev.from) || !Number.isInteger(ev.gift_id) || !(ev.amount >= 1) || !isNew(ev.id)) return;
  const at = Date.parse(ev.ts) || Date.now(), gift = giftOf(ev.gift_id);
  const s = streaks(ev, at);
  const item = list.get(s.key);
  if (item) {
    Object.assign(item, { times: s.times, worth: s.worth });
    list.redraw(item);
  } else {
    list.add({ id: s.key, kind: "gift", from: ev.from, gift, times: s.times, worth: s.worth });
  }
  sums.set(ev.from, (sums.get(ev.from) || 0) + s.value);
  rank();
  if (s.fresh) unsaid.push(`${ev.from} gave ${gift.label}`);
  if (past || Math.abs(Date.now() - at) > 15000) return;
  show.chip(s.key, ev.from, gift, s.times);
  show.fly(gift, s.value);
}

let ranking = false;

function rank() {
  if (ranking) return;
  ranking = true;
  setTimeout(() => {
    ranking = false;
    const best = [...sums].sort((a, b) => b[1] - a[1]).slice(0, 50);
    if (sums.size > 1000) { // who gives little is forgotten
      sums.clear();
      best.forEach(([k, v]) => sums.set(k, v));
    }
    $("top").hidden = false;
    $("top-list").replaceChildren(...best.slice(0, 5).map(([name, sum]) => {
      const li = document.createElement("li"), a = document.createElement("span"),
        b = document.createElement("span");
      a.className = "from";
      a.textContent = name;
      b.className = "sum";
      b.textContent = sum.toLocaleString();
      li.append(a, b);
      return li;
    }));
  }, 300);
}

const REASONS = {
  bad_json: "it could not be read",
  too_long: "it is too long",
  duplicate: "you have just said that",
  rate_limited: "you are too fast",
  slow_mode: "slow mode is on",
  muted: "you are muted",
  banned: "you are banned",
  busy: "the chat is too busy",
  undelivered: "it is not known to have arrived",
};

function onError(ev) {
  limits.refused(ev);
  const item = settle(ev.nonce), why = REASONS[ev.code] || ev.detail || ev.code;
  if (!item) return;
  item.fate = "refused";
  item.why = `not sent: ${why}`;
  list.redraw(item);
  say(item.why);
}

// What an action deletes.
function remove(id, action) {
  if (!isText(id)) return;
  // what was approved is known to moderators by the id that it was held under
  const item = list.get(id) || list.all().find((i) => i.event?.approved === id);
  if (item?.event && !reaches(action, item.event)) return;
  gone.set(id, action);
  if (gone.size > SEEN) gone.delete(gone.keys().next().value);
  held.delete(id);
  if (item) list.remove(item, true);
}

// Everything of this user's, but what has not been published yet.
function purge(action) {
  for (const item of list.all())
    if (item.kind === "chat" && item.event.user === action.user && item.event.id)
      remove(item.event.id, action);
}

const handlers = {
  chat: onChat,
  gift: onGift,
  error: onError,
  delete: (ev) => remove(ev.target, ev),
  purge,
  deny: (ev) => deny(ev.target),
};

function onEvent(ev) {
  if (Object.hasOwn(handlers, ev.type)) handlers[ev.type](ev);
  else limits.control(ev);
}

// --- what goes --------------------------------------------------------------

const tellLate = () => watch.late([...sent.values()].filter((i) => i.fate === "late").length);

function put(nonce, item) {
  sent.set(nonce, item);
  list.add(item);
  list.jump();
  setTimeout(() => {
    if (sent.get(nonce) !== item || item.fate !== "sending") return;
    item.fate = "late";
    list.redraw(item);
    tellLate();
  }, LATE);
}

function send(message) {
  const nonce = chat.send(message);
  put(nonce, { id: `sent ${nonce}`, kind: "chat", mine: true, fate: "sending", nonce,
    event: { user: me.name, message, role: me.role } });
  limits.sent();
}

function retry(item) {
  if (!chat || !limits.allowed()) return;
  list.remove(item);
  item.node = undefined;
  item.fate = "sending";
  chat.send(item.event.message, item.nonce);
  put(item.nonce, item);
  limits.sent();
}

async function postGift(gift, key) {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": key };
  if (me.token) headers.Authorization = `Bearer ${me.token}`;
  try {
    const r = await fetch("/api/gift", { method: "POST", headers,
      body: JSON.stringify({ from: me.name, ...gift, ...(room && { room }) }) });
    const answer = await r.json();
    return { ok: r.ok, retry: r.status === 503 || r.status === 429, detail: answer.detail || answer.error };
  } catch {
    return { retry: true, detail: "the server can't be reached" };
  }
}

// --- coming and going -------------------------------------------------------

// What a token says of its bearer; the server alone can tell if it is true.
function claims(token) {
  try {
    const part = token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/");
    return JSON.parse(decodeURIComponent(escape(atob(part))));
  } catch {
    return {};
  }
}

function onState(state, about) {
  const { wait, code } = about;
  watch.set(state, wait);
  if (state === "open") limits.hello(about);
  if (state === "reset")
    list.add({ id: `reset ${Date.now()}`, kind: "info", text: "What was said meanwhile may be missing here." });
  if (state === "open") $("join-error").textContent = "";
  if (state !== "ended" || !chat) return;
  leave(code === 4001 ? "Your token has expired. Join again with a new one."
    : code === 4003 ? "A moderator has removed you from this chat." : "");
  watch.set("ended");
}

function join(name, token) {
  const { role } = claims(token);
  me = { name, token, role };
  localStorage.setItem("ss-name", name);
  sessionStorage.setItem("ss-joined", "1");
  if (token) sessionStorage.setItem("ss-token", token);
  $("join").hidden = true;
  for (const id of ["composer", "gifts", "leave"]) $(id).hidden = false;
  limits.begin(me);
  watch.begin({ onrefused: (why) => leave(why) });
  chat = connect({ name, room, token: token || undefined, history: HISTORY,
    onevent: onEvent, onstate: onState });
  composer.refresh();
  $("text").focus();
}

function leave(why = "") {
  const old = chat;
  chat = undefined;
  old?.close();
  for (const item of sent.values()) {
    item.fate = "refused";
    item.why = "not sent: you have left";
    list.redraw(item);
  }
  sent.clear();
  me = undefined;
  sessionStorage.removeItem("ss-joined");
  sessionStorage.removeItem("ss-token");
  limits.begin();
  watch.end();
  for (const id of ["composer", "gifts", "leave"]) $(id).hidden = true;
  $("join").hidden = false;
  $("join-error").textContent = why;
  $("name").focus();
}

$("join").addEventListener("submit", (e) => {
  e.preventDefault();
  const token = $("token").value.trim();
  const name = $("name").value.trim() || claims(token).sub || "";
  const wrong = !NAME.test(name);
  $("name").setAttribute("aria-invalid", wrong);
  $("join-error").textContent = wrong ? "A name has 1 to 50 letters, digits, dots, dashes or underscores." : "";
  if (wrong) return $("name").focus();
  $("token").value = "";
  join(name, token);
});
$("leave").addEventListener("click", () => leave());
$("retry").addEventListener("click", () => chat?.retry());
document.addEventListener("visibilitychange", () => { if (!document.hidden) chat?.retry(); });

for (const gift of CATALOGUE) {
  const b = document.createElement("button"), words = document.createElement("span");
  const parts = [["thing", gift.thing, b], ["label", gift.label, words], ["price", gift.amount, words]];
  b.type = "button";
  words.className = "words";
  for (const [cls, text, into] of parts) {
    const s = document.createElement("span");
    s.className = cls;
    s.textContent = text;
    into.append(s);
  }
  b.append(words);
  b.setAttribute("aria-label", `Give ${gift.label}, worth ${gift.amount}`);
  b.addEventListener("click", () => {
    $("gift-error").textContent = "";
    give(gift);
  });
  $("gift-row").append(b);
}

// once a second: what counts down or has waited for too long
setInterval(() => {
  limits.tick();
  watch.tick();
  for (const [id, item] of held)
    if (Date.now() - Date.parse(item.event.ts) > HOLD) deny(id);
}, 1000);

// The newest events are there before one has joined, and are not waited for.
async function recent() {
  const q = new URLSearchParams({ limit: HISTORY, ...(room && { room }) });
  const r = await fetch(`/api/recent?${q}`);
  if (!r.ok) return;
  const { events } = await r.json();
  past = true;
  events.forEach(onEvent);
  past = false;
  unsaid = [];
}

if (room) $("room").textContent = `· ${room}`;
$("name").value = localStorage.getItem("ss-name") || "";
recent().catch(() => {});
if (sessionStorage.getItem("ss-joined") && NAME.test($("name").value))
  join($("name").value, sessionStorage.getItem("ss-token") || "");
else $("name").focus();
