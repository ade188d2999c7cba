// gifts.js: what came in a row, how it flies, and how it is given.

export const STREAK = 5000; // ms without another one: the streak is over
const FLYING = 14; // at once
const CHIPS = 3; // streaks shown over the chat at once

// Adds up gifts: one sender's of one kind, while they come within STREAK of
// each other. An event with a streak of its own says how many it has come to;
// what is new is the difference to the most that was heard of.
export function createStreaks() {
  const open = new Map();

  // Returns { key, times, more, value, fresh }: times so far, more of them by
  // this event, worth value, and whether it begins a streak.
  return function add(ev, now = Date.now()) {
    for (const [k, s] of open) {
      if (now - s.at <= STREAK) break; // the rest is younger
      open.delete(k);
    }
    const key = [ev.from, ev.gift_id, ev.streak || ""].join("\n");
    const had = open.get(key);
    const s = had || { times: 0, seen: 0, worth: 0, key: `${key}\n${ev.id}` };
    const more = ev.streak && ev.count >= 1 ? Math.max(0, ev.count - s.seen) : 1;
    if (ev.streak) s.seen = Math.max(s.seen, ev.count || 0);
    s.times += more;
    s.worth += more * ev.amount;
    s.at = now;
    open.delete(key); // so that the map is in the order of age
    open.set(key, s);
    return { key: s.key, times: s.times, worth: s.worth, more,
      value: more * ev.amount, fresh: !had };
  };
}

const el = (name, cls, text) => {
  const e = document.createElement(name);
  e.className = cls;
  if (text !== undefined) e.textContent = text;
  return e;
};

// The streaks that are under way, over the chat, and things that fly by.
export function createShow({ chips, sky }) {
  const shown = new Map(); // key -> { node, times, timer }
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  function end(key) {
    const c = shown.get(key);
    shown.delete(key);
    clearTimeout(c.timer);
    c.node.classList.add("over");
    setTimeout(() => c.node.remove(), 300);
  }

  function chip(key, from, gift, times) {
    let c = shown.get(key);
    if (!c) {
      if (shown.size >= CHIPS) end(shown.keys().next().value);
      c = { node: el("div", "streak"), times: el("span", "times") };
      c.node.append(el("span", "thing", gift.thing), el("span", "from", from), c.times);
      chips.append(c.node);
      shown.set(key, c);
    }
    c.times.textContent = `×${times.toLocaleString()}`;
    c.times.classList.remove("bump");
    void c.times.offsetWidth; // the animation begins anew
    c.times.classList.add("bump");
    clearTimeout(c.timer);
    c.timer = setTimeout(() => end(key), STREAK);
  }

  function fly(gift, amount) {
    if (calm.matches || document.hidden || sky.childElementCount >= FLYING)
      return;
    const f = el("span", amount >= 100 ? "fly big" : "fly", gift.thing);
    f.style.left = `${8 + Math.random() * 80}%`;
    f.style.setProperty("--turn", `${Math.round(Math.random() * 60 - 30)}deg`);
    f.addEventListener("animationend", () => f.remove());
    sky.append(f);
  }

  return { chip, fly };
}

// Gives gifts. Presses within STREAK are one streak; while one request is on
// its way the next ones are gathered into its successor, whose count says how
// many there are by then. A request that fails is sent again under its key.
export function createGiver({ post, onfail }) {
  let run; // { gift, id, count, at, sent, busy }

  const random = () => [...crypto.getRandomValues(new Uint32Array(2))]
    .map((n) => n.toString(36)).join("");

  async function push(r) {
    if (r.busy) return;
    r.busy = true;
    while (r.sent < r.count) {
      const count = r.count, key = `${r.id}-${count}`;
      let answer = { retry: true };
      for (let n = 0; answer.retry && n < 6; n++) {
        if (n) await new Promise((ok) => setTimeout(ok, 300 * 2 ** n * (0.5 + Math.random())));
        answer = await post({ gift_id: r.gift.id, amount: r.gift.amount,
          streak: r.id, count }, key);
      }
      if (!answer.ok) {
        r.count = r.sent; // what was not taken is not owed
        if (run === r) run = undefined;
        onfail(answer.detail || "it was not taken");
        break;
      }
      r.sent = count;
    }
    r.busy = false;
  }

  return function give(gift, now = Date.now()) {
    if (!run || run.gift !== gift || now - run.at > STREAK - 500)
      run = { gift, id: random(), count: 0, sent: 0 };
    run.at = now;
    run.count++;
    push(run);
  };
}
