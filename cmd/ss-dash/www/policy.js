// policy.js: the controls that hold for everybody, with a preview of what a
// threshold would have done to the last 1,000 messages.

import { $, act, button, make, percent, span } from "./parts.js";

const LAST = 1000, LISTED = 12, DEFAULT = 0.6;
const LABELS = ["toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack"];

export function createPolicy({ model, onuser }) {
  const range = $("t-range");
  let touched = false, stale = true;

  function preview() {
    const t = Number(range.value);
    const chat = [];
    for (let i = model.items.length - 1; i >= 0 && chat.length < LAST; i--)
      if (model.items[i].kind === "chat" && model.items[i].e.score != null) chat.push(model.items[i]);
    const would = chat.filter((i) => i.e.score >= t), more = would.filter((i) => !i.e.toxic);
    const less = chat.filter((i) => i.e.toxic && i.e.score < t);
    $("t-value").textContent = t.toFixed(2);
    $("t-sum").textContent = chat.length
      ? `Of the last ${chat.length}: ${would.length} flagged (${percent(would.length / chat.length)}), ${more.length} more and ${less.length} fewer than now.`
      : "No scored message yet.";
    const list = $("t-list");
    list.replaceChildren();
    const rows = [...more.slice(0, LISTED).map((i) => ["more", i]), ...less.slice(0, LISTED).map((i) => ["less", i])];
    for (const [kind, i] of rows.slice(0, LISTED)) {
      const li = make("li", kind), text = make("bdi", "text", String(i.e.message));
      text.dir = "auto";
      li.append(make("span", "sign", kind === "more" ? "+" : "−"), make("span", "score-text", i.e.score.toFixed(2)), text);
      list.append(li);
    }
    stale = false;
  }

  range.addEventListener("input", () => { touched = true; preview(); });
  $("t-set").addEventListener("click", async () => {
    const value = Number(range.value);
    if (await act("threshold", { value }, `Threshold ${value}`)) touched = false;
  });
  $("slow").addEventListener("change", async () => {
    const seconds = Number($("slow").value);
    if (!await act("slow", { seconds }, seconds ? `Slow mode: ${seconds} s` : "Slow mode off")) draw();
  });
  $("subonly").addEventListener("change", async () => {
    const on = $("subonly").checked;
    if (!await act("subonly", { on }, on ? "Subscribers only" : "Open to everybody")) draw();
  });

  function level(label) {
    const row = make("div", "level"), id = `level-${label || "all"}`;
    const l = make("label", "", label ? label.replace("_", " ") : "Overall"), s = make("select");
    l.htmlFor = s.id = id;
    s.append(new Option("–", ""));
    for (let i = 0; i <= 4; i++) s.append(new Option(String(i), String(i)));
    s.addEventListener("change", async () => {
      if (s.value === "") return draw();
      const fields = { level: Number(s.value) };
      if (label) fields.label = label;
      if (!await act(label ? "level" : "hold", fields, `Hold level ${s.value}${label ? ` for ${label}` : ""}`)) draw();
    });
    row.append(l, s);
    return row;
  }
  $("levels").append(level(""), ...LABELS.map(level));

  function option(select, value) {
    if (![...select.options].some((o) => o.value === value)) select.append(new Option(`${value} s`, value));
    if (document.activeElement !== select) select.value = value;
  }

  function force() {
    const list = $("force"), now = Date.now(), rows = [];
    for (const [what, undo, map] of [["muted", "unmute", model.muted], ["banned", "unban", model.banned]])
      for (const [name, until] of map) rows.push({ what, undo, name, until });
    list.replaceChildren();
    for (const r of rows.slice(0, 50)) {
      const li = make("li");
      li.append(button(r.name, "who", () => onuser(r.name)),
        make("span", "hint", r.until === Infinity ? r.what : `${r.what} for ${span(r.until - now)}`),
        button(r.undo === "unmute" ? "Unmute" : "Unban", "quiet", () =>
          act(r.undo, /[:/]|^\d+\.\d+\.\d+\.\d+$/.test(r.name) ? { address: r.name } : { user: r.name }, `${r.name}: no longer ${r.what}`)));
      list.append(li);
    }
    $("force-empty").hidden = rows.length > 0;
  }

  // What is in force has changed.
  function draw() {
    if (!touched) range.value = model.threshold ?? DEFAULT;
    $("t-now").textContent = model.threshold == null
      ? "In force: what ss-moderate was started with." : `In force: ${model.threshold}`;
    option($("slow"), String(model.slow || 0));
    $("subonly").checked = model.subonly;
    for (const label of ["", ...LABELS]) {
      const v = label ? model.levels[label] : model.level, s = $(`level-${label || "all"}`);
      if (document.activeElement !== s) s.value = v ?? "";
    }
    force();
    preview();
  }

  let last = 0;
  function tick(now) {
    if ($("p-policy").hidden) return;
    if (model.muted.size + model.banned.size && !$("force").contains(document.activeElement)) force();
    if (stale && !touched && now - last > 3000) { last = now; preview(); }
  }
  return { draw, tick, heard: () => { stale = true; } };
}
