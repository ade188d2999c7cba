// user.js: one user: what he has done, what he said, what can be done about it;
// and why a message has the verdict that it has.

import { $, act, ask, clock, few, make, percent, span } from "./parts.js";
import { say, tags } from "./log.js";

const DONE = { mute: "muted", unmute: "unmuted", kick: "kicked", purge: "removed from the chat", ban: "banned", unban: "unbanned" };

export function createUser({ model }) {
  let name = "", asked = 0;

  function counts(u) {
    $("user-counts").replaceChildren();
    const rows = u ? [["Messages", few(u.chat)], ["Toxic", `${u.toxic} (${percent(u.chat ? u.toxic / u.chat : 0)})`],
      ["Held", few(u.held)], ["Gifts", few(u.gifts)], ["Value", few(u.value)]] : [];
    for (const [k, v] of rows) {
      const d = make("div");
      d.append(make("dt", "", k), make("dd", "", v));
      $("user-counts").append(d);
    }
  }

  function state() {
    const now = Date.now(), muted = model.muted.get(name), banned = model.banned.get(name), out = [];
    if (muted > now) out.push(muted === Infinity ? "muted" : `muted for ${span(muted - now)}`);
    if (banned > now) out.push(banned === Infinity ? "banned" : `banned for ${span(banned - now)}`);
    $("user-state").textContent = out.join(", ") || "may chat";
    $("user-state").classList.toggle("bad", out.length > 0);
  }

  function lines(events) {
    const list = $("user-lines");
    list.replaceChildren();
    for (const e of events) {
      const item = model.find(e.id) || { e, kind: e.type === "chat" || e.type === "gift" ? e.type : "action" };
      const li = make("li", item.gone ? "dead" : "");
      const text = make("bdi", "text", e.type === "chat" ? String(e.message) : e.type === "gift"
        ? say(item) : `${e.type} by ${e.by || "?"}${e.reason ? `: ${e.reason}` : ""}`);
      text.dir = "auto";
      li.append(make("time", "", clock(e.ts)), text, ...tags(item));
      list.append(li);
    }
    if (!events.length) list.append(make("li", "empty", "Nothing in the last events."));
  }

  async function open(who, quietly) {
    const me = ++asked;
    name = String(who);
    $("user").hidden = false;
    $("user-title").textContent = name;
    state();
    if (!quietly) $("user-close").focus();
    try {
      const a = await ask(`/api/user?name=${encodeURIComponent(name)}`);
      if (me !== asked) return;
      counts(a.user);
      lines(a.lines);
    } catch (e) {
      if (me === asked) lines([]);
    }
  }

  function close() {
    const was = !$("user").hidden;
    $("user").hidden = true;
    name = "";
    return was;
  }

  $("user-close").addEventListener("click", close);
  $("user").addEventListener("click", async (e) => {
    const action = e.target.dataset?.act, who = name;
    if (!action) return;
    const fields = { user: who }, reason = $("user-reason").value.trim();
    if (action === "mute") fields.duration = Number($("user-time").value);
    if (reason) fields.reason = reason;
    if (await act(action, fields, `${who}: ${DONE[action]}`) && name === who) open(who, true);
  });

  return { open, close, state, get name() { return name; } };
}

const BY = { score: "the score", list: "a list", rule: "a rule", want: "the other model, which gave no answer" };

export function createWhy({ model }) {
  function marked(text, spans) {
    const out = $("why-text");
    out.replaceChildren();
    const raw = new TextEncoder().encode(text), dec = new TextDecoder();
    let at = 0;
    for (const s of [...spans].sort((a, b) => a.start - b.start)) {
      if (s.start < at || s.start + s.length > raw.length) continue;
      out.append(dec.decode(raw.slice(at, s.start)));
      const m = make("mark", "", dec.decode(raw.slice(s.start, s.start + s.length)));
      m.title = `${s.label || ""} ${s.weight ?? ""}`.trim();
      out.append(m);
      at = s.start + s.length;
    }
    out.append(dec.decode(raw.slice(at)));
  }

  function bars(labels) {
    const dl = $("why-labels");
    dl.replaceChildren();
    for (const [k, v] of Object.entries(labels || {})) {
      const d = make("div"), dd = make("dd", "", Number(v).toFixed(2));
      dd.style.setProperty("--score", Number(v));
      d.append(make("dt", "", k.replace("_", " ")), dd);
      dl.append(d);
    }
  }

  function show(e, note) {
    const why = e.why || {};
    marked(String(e.message), why.spans || []);
    $("why-by").textContent = `${e.toxic ? "Toxic" : "Not toxic"}, score ${e.score ?? "–"}${
      why.by ? `: decided by ${BY[why.by] || why.by}` : ""}${e.reason ? ` (${e.reason})` : ""}.`;
    bars(e.labels);
    $("why-note").textContent = note;
  }

  async function open(item) {
    const e = item.e;
    $("why").hidden = false;
    $("why-close").focus();
    show(e, "");
    if (e.why && e.labels) return;
    try {
      const body = { message: String(e.message) };
      if (model.threshold != null) body.threshold = model.threshold;
      const a = await ask("/api/why", body);
      // the verdict stays the one on the line; the threshold may have changed
      show({ ...a, message: e.message, toxic: e.toxic, score: e.score, reason: e.reason },
        `As ss-moderate explains this text now, by itself: ${a.toxic ? "toxic" : "not toxic"}, score ${a.score}.`);
    } catch (x) {
      $("why-note").textContent = `Not known: ${x.message}.`;
    }
  }

  function close() {
    const was = !$("why").hidden;
    $("why").hidden = true;
    return was;
  }
  $("why-close").addEventListener("click", close);
  return { open, close };
}
