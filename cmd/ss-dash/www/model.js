// model.js: what the desk knows: the newest events and, folded from the
// control events among them, what is in force. Nothing here touches the page.

import { reaches } from "./roles.js";

const KEEP = 2000; // items, as many as the server keeps
const HOLD_MS = 300000; // a hold ends as denied so long after its ts
export const CONTROL = ["mute", "unmute", "kick", "ban", "unban", "delete", "purge", "slow",
  "subonly", "threshold", "level", "hold", "approve", "deny"];

// An item: { e: the event, kind: "chat", "gift" or "action", gone: deleted,
// fate: "approved" or "denied" and by whom, times: of a gift, how many more of
// its streak there are by it }
export function createModel() {
  const model = {
    items: [], // oldest first
    held: new Map(), // id -> item that waits for a decision
    muted: new Map(), // name -> until (ms)
    banned: new Map(), // name or address -> until
    slow: 0, subonly: false, threshold: undefined, levels: {}, level: undefined,
    added: 0, // so far
  };
  const byId = new Map();
  const streaks = new Map(); // which -> the highest count so far

  // By the difference, as ss-event(5) has it; however late the next one comes.
  function times(e) {
    if (!e.streak || !(e.count >= 1)) return 1;
    const key = [e.from, e.room || "main", e.gift_id, e.streak].join("\n"), had = streaks.get(key) || 0;
    streaks.delete(key); // so that the map is in the order of age
    streaks.set(key, Math.max(had, e.count));
    if (streaks.size > KEEP) streaks.delete(streaks.keys().next().value);
    return Math.max(0, e.count - had);
  }

  const until = (e) => (e.until ? Date.parse(e.until) : Infinity);

  function decide(id, fate, by) {
    const item = byId.get(id);
    model.held.delete(id);
    if (item) { item.fate = item.fate || fate; item.by = item.by || by; }
  }

  const fold = {
    mute: (e) => model.muted.set(e.user, until(e)),
    unmute: (e) => model.muted.delete(e.user),
    ban: (e) => { for (const k of [e.user, e.address]) if (k) model.banned.set(k, until(e)); },
    unban: (e) => { for (const k of [e.user, e.address]) if (k) model.banned.delete(k); },
    delete: (e) => {
      if (!e.target) return;
      // by either id, where it was held first
      for (const i of model.items)
        if ((i.e.id === e.target || i.e.approved === e.target) && reaches(e, i.e)) { i.gone = true; i.by = e.by; }
    },
    purge: (e) => {
      const hits = (i) => i.kind === "chat" && i.e.user === e.user && reaches(e, i.e);
      for (const i of model.items) if (hits(i)) { i.gone = true; i.by = e.by; }
      for (const [id, i] of model.held) if (hits(i)) model.held.delete(id);
    },
    slow: (e) => { model.slow = e.seconds; },
    subonly: (e) => { model.subonly = !!e.on; },
    threshold: (e) => { if (!e.room) model.threshold = e.value; },
    hold: (e) => { if (!e.room) model.level = e.level; },
    level: (e) => { if (e.room) return; if (e.label) model.levels[e.label] = e.level; else model.level = e.level; },
    approve: (e) => decide(e.target, "approved", e.by),
    deny: (e) => decide(e.target, "denied", e.by),
  };

  // Takes an event; its item, or undefined where it is nothing to be shown.
  model.add = (e) => {
    const action = CONTROL.includes(e.type);
    if (action) fold[e.type](e);
    if (!action && e.type !== "chat" && e.type !== "gift") return undefined;
    if (e.id && byId.has(e.id)) return undefined;
    const item = { e, kind: action ? "action" : e.type, n: ++model.added };
    if (e.type === "gift") item.times = times(e);
    if (e.id) byId.set(e.id, item);
    model.items.push(item);
    if (model.items.length > KEEP * 1.1)
      for (const old of model.items.splice(0, model.items.length - KEEP)) byId.delete(old.e.id);
    if (e.approved) {
      const first = byId.get(e.approved);
      if (first?.gone) { item.gone = true; item.by = first.by; }
      decide(e.approved, "approved");
    }
    if (e.type === "chat" && e.held && !e.approved) model.held.set(e.id, item);
    return item;
  };

  // What the server says is in force; the events themselves come besides.
  model.standing = (events) => {
    model.held.clear(); model.muted.clear(); model.banned.clear();
    model.slow = 0; model.subonly = false;
    for (const e of events) {
      if (fold[e.type]) fold[e.type](e);
      else if (e.type === "chat" && e.held)
        model.held.set(e.id, byId.get(e.id) || { e, kind: "chat", n: 0 });
    }
  };

  model.forget = () => { model.items.length = 0; byId.clear(); streaks.clear(); model.held.clear(); };
  model.find = (id) => byId.get(id);

  // Ends what has ended by itself. True where something has.
  model.expire = (now) => {
    let any = false;
    for (const [id, i] of model.held)
      if (now - Date.parse(i.e.ts) > HOLD_MS) { model.held.delete(id); i.fate = "denied"; any = true; }
    for (const map of [model.muted, model.banned])
      for (const [k, t] of map) if (t <= now) { map.delete(k); any = true; }
    return any;
  };
  model.left = (item, now) => Date.parse(item.e.ts) + HOLD_MS - now;
  return model;
}
