// queue.js: what is held, and waits for a decision: one key each.

import { $, act, button, hue, make } from "./parts.js";
import { span } from "./parts.js";

const SHOWN = 50;

export function createQueue({ model, onuser, onwhy, say }) {
  const list = $("held");
  const deciding = new Set(); // ids whose decision is under way
  let chosen, was = "";

  function entry(item) {
    const li = make("li", "hold"), e = item.e, id = e.id;
    li.dataset.id = id;
    const name = button(String(e.user), "who", () => onuser(e.user));
    name.style.setProperty("--hue", hue(String(e.user)));
    const text = make("bdi", "text", String(e.message ?? ""));
    text.dir = "auto";
    const head = make("div", "hold-head");
    head.append(name, make("span", "hint score-text",
      `${e.score != null ? e.score.toFixed(2) : ""} ${e.reason || ""}`), make("span", "left"));
    const acts = make("div", "acts");
    acts.append(
      button("Approve", "good", () => decide(id, "approve"), `Approve: ${e.message}`),
      button("Deny", "bad", () => decide(id, "deny"), `Deny: ${e.message}`),
      button("Why", "quiet", () => onwhy(item)));
    li.append(head, text, acts);
    li.addEventListener("click", () => { chosen = id; mark(); });
    return li;
  }

  const ids = () => [...model.held.keys()].slice(0, SHOWN);

  function mark() {
    for (const li of list.children) li.classList.toggle("chosen", li.dataset.id === chosen);
  }

  // Draws what has changed and nothing else: a button in use stays in place.
  function draw() {
    const now = ids();
    if (!now.includes(chosen)) chosen = now[0];
    for (const li of [...list.children]) if (!model.held.has(li.dataset.id)) li.remove();
    const there = new Set([...list.children].map((li) => li.dataset.id));
    for (const id of now) if (!there.has(id)) list.append(entry(model.held.get(id)));
    $("queue-n").textContent = model.held.size;
    $("queue-empty").hidden = model.held.size > 0;
    mark();
    if (now.length && was !== now[now.length - 1]) {
      was = now[now.length - 1];
      const i = model.held.get(was);
      say(`Held: ${i.e.user}: ${i.e.message}`);
    }
  }

  function tick(now) {
    for (const li of list.children) {
      const item = model.held.get(li.dataset.id);
      if (item) li.querySelector(".left").textContent = span(model.left(item, now));
    }
  }

  async function decide(id, action) {
    if (!id || deciding.has(id)) return;
    const at = ids().indexOf(id), user = model.held.get(id)?.e.user;
    const next = ids()[at + 1] || ids()[at - 1];
    deciding.add(id);
    list.querySelector(`[data-id="${CSS.escape(id)}"]`)?.classList.add("busy");
    const ok = await act(action, { target: id },
      `${action === "approve" ? "Approved" : "Denied"}: ${user}`);
    deciding.delete(id);
    if (!ok) list.querySelector(`[data-id="${CSS.escape(id)}"]`)?.classList.remove("busy");
    else if (chosen === id) chosen = next;
    mark();
  }

  function key(k) {
    const all = ids(), at = all.indexOf(chosen);
    if (k === "a") decide(chosen, "approve");
    else if (k === "d") decide(chosen, "deny");
    else if (k === "j" || k === "k") {
      chosen = all[Math.min(all.length - 1, Math.max(0, at + (k === "j" ? 1 : -1)))];
      mark();
      list.querySelector(".chosen")?.scrollIntoView({ block: "nearest" });
    } else return false;
    return true;
  }

  return { draw, tick, key };
}
