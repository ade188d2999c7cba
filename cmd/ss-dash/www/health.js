// health.js: how the stages are, in a row of lights, in cards, and in words
// when something is wrong.

import { $, button, bytes, duration, few, make, percent, span } from "./parts.js";

const LOST = {
  "ss-gateway": "viewers can't connect until it is back; nothing can be decided here",
  "ss-moderate": "messages wait in the gateway until it is back",
  "ss-log": "messages wait until it is back; nothing is lost",
  "ss-broadcast": "nobody gets anything new until it is back; nothing is lost",
};

function faults(s) {
  const v = s.values, out = [];
  if (v.disk_full) out.push("the disk is full: input waits");
  else if (v.write_failing) out.push("files can't be written: input waits");
  else if (v.commit_failing) out.push("what came in can't be kept yet: input waits");
  if (v.output_up === 0) out.push("its output is away");
  if (v.bus_up === 0) out.push("the bus is away");
  if (v.oldest_pending_seconds > 5) out.push(`the oldest message has been under way for ${duration(v.oldest_pending_seconds)}`);
  if (v.db_lag_events > 10000) out.push(`the database is ${few(v.db_lag_events)} events behind`);
  return out;
}

// What is said of a stage, in the order of its importance.
const FACTS = [
  ["viewers", "viewers", few], ["pending", "under way", few], ["accepted_total", "taken", few],
  ["undelivered_total", "undelivered", few], ["busy_total", "turned away", few],
  ["chat_total", "judged", few], ["toxic_total", "toxic", few], ["position", "position", (n) => few(n, 9)],
  ["lines_total", "lines", few], ["db_lag_events", "database behind", few],
  ["subscribers", "subscribers", few], ["subscriber_lag_bytes", "slowest reader behind", bytes],
  ["output_queue_bytes", "queue", bytes], ["rotations_total", "files rolled over", few],
  ["process_resident_memory_bytes", "memory", bytes],
];
const TIMES = { loop_seconds: "loop p99", event_age_seconds: "age on arrival p99", score_seconds: "scoring p99", sync_seconds: "sync p99" };

function facts(s) {
  const rows = [];
  for (const [k, name, say] of FACTS) if (s.values[k] != null) rows.push([name, say(s.values[k])]);
  for (const [k, name] of Object.entries(TIMES)) if (s.p99[k] != null) rows.push([name, duration(s.p99[k])]);
  if (s.cpu != null && s.cpu >= 0) rows.push(["one core", percent(s.cpu)]);
  if (s.restarts) rows.push(["restarts seen", few(s.restarts)]);
  return rows;
}

export function createHealth({ onopen }) {
  let shown = "";

  const word = (s) => (s.up ? faults(s)[0] || "well" : s.seen ? "down" : "not measured");
  const cls = (s) => (s.up ? (faults(s).length ? "warn" : "good") : s.seen ? "bad" : "off");

  function lights(stages) {
    const key = stages.map((s) => `${s.name} ${word(s)}`).join();
    if (key === shown) return;
    shown = key;
    $("lights").replaceChildren(...stages.map((s) => {
      const li = make("li"), b = button(s.name.replace("ss-", ""), `light ${cls(s)}`, onopen);
      b.append(make("span", "unseen", `: ${word(s)}`));
      b.title = word(s);
      li.append(b);
      return li;
    }));
  }

  function cards(stages, now) {
    if ($("p-stages").hidden) return;
    $("stages").replaceChildren(...stages.map((s) => {
      const card = make("section", `card stage ${cls(s)}`), head = make("div", "head"), dl = make("dl", "counts");
      head.append(make("h3", "", s.name), make("span", `pill ${cls(s)}`,
        s.seen ? `${word(s)}, for ${span(now - s.changed)}` : word(s)));
      for (const [k, v] of facts(s)) {
        const d = make("div");
        d.append(make("dt", "", k), make("dd", "", v));
        dl.append(d);
      }
      card.append(head, dl);
      return card;
    }));
  }

  // What is wrong, in one sentence; "" where nothing is.
  function trouble(t) {
    const down = t.stages.filter((s) => s.seen && !s.up), out = [];
    for (const s of down) out.push(`${s.name} is down: ${LOST[s.name] || "it is watched for"}.`);
    for (const s of t.stages) if (s.up) for (const f of faults(s)) {
      if (down.length && /away|under way/.test(f)) continue;
      out.push(`${s.name}: ${f}.`);
    }
    if (t.bus !== "live" && !down.some((s) => s.name === "ss-broadcast"))
      out.push(`The bus has been away for ${span(t.now - t.since)}: what is shown here is of before.`);
    if (!t.act && !down.some((s) => s.name === "ss-gateway"))
      out.push("The gateway's control socket isn't there: nothing can be decided here.");
    return out.join(" ");
  }

  function tick(t) {
    lights(t.stages);
    cards(t.stages, t.now);
    return trouble(t);
  }
  return { tick };
}
