// charts.js: the numbers over time. Chart.js draws them, from this server; the
// colours are the style sheet's. Only what is in view is drawn.

import { $, ask, make } from "./parts.js";

// a point, as the server sends it
const AT = 0, CHAT = 1, TOXIC = 2, HELD = 3, BLOCKED = 4, GIFTS = 5, VALUE = 6, VIEWERS = 7,
  PENDING = 8, P50 = 9, P99 = 10, LAG = 11, QUEUE = 14;
const DOTS = 120; // values of a line

const sum = (k) => (ps) => ps.reduce((a, p) => a + p[k], 0);
const rate = (k) => (ps, step) => sum(k)(ps) / step;
const most = (k, by = 1) => (ps) => {
  const v = ps.map((p) => p[k]).filter((x) => x != null);
  return v.length ? by * Math.max(...v) : null;
};
const share = (ps) => { const n = sum(CHAT)(ps); return n ? 100 * sum(TOXIC)(ps) / n : null; };

const CHARTS = [
  { title: "Messages a second", lines: [["Messages", "accent", rate(CHAT)], ["Toxic", "bad", rate(TOXIC)]], fill: true },
  { title: "Toxic, %", lines: [["Toxic %", "bad", share]], max: 100, fill: true },
  { title: "Viewers", lines: [["Viewers", "good", most(VIEWERS)]], live: true },
  { title: "Gifts", lines: [["Gifts", "gift", sum(GIFTS)], ["Value", "warn", sum(VALUE)]], bars: true },
  { title: "Loop, ms", lines: [["p50", "accent", most(P50, 1000)], ["p99", "warn", most(P99, 1000)]], live: true },
  { title: "Lag on arrival, p99 ms", live: true,
    lines: ["ss-moderate", "ss-log", "ss-broadcast"].map((n, i) => [n, ["accent", "gift", "good"][i], most(LAG + i, 1000)]) },
  { title: "Queues, KiB (gateway: events)", live: true,
    lines: [["gateway", "bad", most(PENDING)], ...["ss-moderate", "ss-log", "ss-broadcast"].map((n, i) =>
      [n, ["accent", "gift", "good"][i], most(QUEUE + i, 1 / 1024)])] },
  { title: "Held and blocked", lines: [["Held", "warn", sum(HELD)], ["Blocked", "bad", sum(BLOCKED)]], bars: true },
];

export function createCharts() {
  const points = new Map(); // second -> point
  let seconds = 900, past = null, drawn = [], last = 0;

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  function build() {
    for (const d of drawn) d.chart.destroy();
    $("charts").replaceChildren();
    drawn = [];
    if (!window.Chart) {
      $("charts").append(make("p", "empty", "The charts' library is not part of this program."));
      return;
    }
    const ink = colour("dim"), grid = colour("line");
    for (const spec of CHARTS) {
      const card = make("section", "card chart"), h = make("h3", "", spec.title), c = make("canvas");
      c.setAttribute("role", "img");
      card.append(h, make("div", "canvas"));
      card.lastChild.append(c);
      $("charts").append(card);
      const chart = new window.Chart(c, {
        type: spec.bars ? "bar" : "line",
        data: { labels: [], datasets: spec.lines.map(([label, name]) => ({
          label, borderColor: colour(name), backgroundColor: spec.bars ? colour(name) : `${colour(name)}33`,
          fill: spec.fill ? "origin" : false, borderWidth: spec.bars ? 0 : 1.5, pointRadius: 0, tension: 0.25, data: [] })) },
        options: {
          animation: false, responsive: true, maintainAspectRatio: false, normalized: true,
          interaction: { mode: "index", intersect: false },
          plugins: { legend: { display: spec.lines.length > 1, labels: { color: ink, boxWidth: 10, boxHeight: 2, font: { size: 11 } } } },
          scales: {
            x: { ticks: { color: ink, maxTicksLimit: 5, maxRotation: 0, font: { size: 10 } }, grid: { display: false } },
            y: { beginAtZero: true, suggestedMax: spec.max || undefined, ticks: { color: ink, maxTicksLimit: 4, font: { size: 10 } }, grid: { color: grid } },
          },
        },
      });
      drawn.push({ chart, spec, card, canvas: c });
    }
    draw(true);
  }

  // So many seconds before now, cut into DOTS equal pieces.
  function pieces(now) {
    const step = past ? past.step : Math.max(1, Math.ceil(seconds / DOTS));
    const end = Math.floor(now / step) * step, begin = end - seconds;
    const out = [];
    const all = past ? past.points : null;
    const of = new Map();
    if (all) for (const p of all) of.set(p[AT], [p]);
    for (let t = begin; t < end; t += step) {
      if (all) { out.push([t, of.get(t) || [], step]); continue; }
      const ps = [];
      for (let s = t; s < t + step; s++) if (points.has(s)) ps.push(points.get(s));
      out.push([t, ps, step]);
    }
    return out;
  }

  function name(t) {
    const d = new Date(t * 1000);
    return seconds > 86400 ? d.toLocaleDateString(undefined, { day: "numeric", month: "short", hour: "2-digit" })
      : d.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  }

  function draw(now) {
    if ($("p-charts").hidden || document.hidden) return;
    if (now !== true && Date.now() - last < 1900) return;
    last = Date.now();
    const ps = pieces(last / 1000), labels = ps.map(([t]) => name(t));
    for (const { chart, spec, card, canvas } of drawn) {
      card.hidden = !!(past && spec.live);
      if (card.hidden) continue;
      chart.data.labels = labels;
      spec.lines.forEach(([, , f], i) => { chart.data.datasets[i].data = ps.map(([, p, step]) => (p.length ? f(p, step) : null)); });
      chart.update("none");
      const end = spec.lines.map(([n, , f]) => {
        const v = [...ps].reverse().map(([, p, step]) => (p.length ? f(p, step) : null)).find((x) => x != null);
        return `${n} ${v == null ? "not known" : Number(v.toPrecision(3))}`;
      });
      canvas.setAttribute("aria-label", `${spec.title}: now ${end.join(", ")}`);
    }
  }

  function take(list) {
    for (const p of list) points.set(p[AT], p);
    const old = Date.now() / 1000 - 1000;
    for (const t of points.keys()) { if (t >= old) break; points.delete(t); }
  }

  // A longer time is the database's.
  async function range() {
    const note = $("span-note"), want = Number($("span-of").value);
    past = null;
    if (want <= 900) { seconds = want; note.textContent = ""; return draw(true); }
    const step = Math.ceil(want / DOTS), now = Math.floor(Date.now() / 1000);
    note.textContent = "looking …";
    try {
      const a = await ask(`/api/range?from=${now - want}&to=${now}&step=${step}`);
      if (Number($("span-of").value) !== want) return undefined;
      past = a; seconds = want;
      note.textContent = "from the database; not live";
    } catch (e) { note.textContent = e.message; }
    return draw(true);
  }
  $("span-of").addEventListener("change", range);
  $("span").addEventListener("submit", (e) => e.preventDefault());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (drawn.length) build(); });

  return {
    take, draw,
    open: () => (drawn.length ? draw(true) : build()),
    clear: () => points.clear(),
    last: (n) => { const now = Math.floor(Date.now() / 1000), out = []; for (let s = now - n; s < now; s++) if (points.has(s)) out.push(points.get(s)); return out; },
    withDatabase: (yes) => { for (const o of $("span-of").options) if (o.dataset.db !== undefined) o.hidden = o.disabled = !yes; },
    indexes: { CHAT, TOXIC, GIFTS, VIEWERS, P99 },
  };
}
