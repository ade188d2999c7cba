// watch.js: how the connection is, and where the chat itself is in trouble,
// in words. While all is well the server is asked seldom, and the more seldom
// the more viewers there are.

const OFTEN = 5000; // ms between two looks, with few viewers
const EACH = 10; // ms more per viewer: 100 requests a second at most
const REFUSED = 3; // tries in a row that a healthy server turned down

const OUTSIDE = "The chat did not let you in: a token that is not valid or not of this " +
  "name, a ban, or too many viewers.";

const WORDS = {
  idle: "Not joined", connecting: "Connecting", open: "Live", slow: "Waiting",
  waiting: "Reconnecting", ended: "Left", reset: "Connecting",
};

async function get(path, accept) {
  const r = await fetch(path, { cache: "no-store", headers: { Accept: accept } });
  return { ok: r.ok, body: await r.json() };
}

export function createWatch({ state, text, bar, barText, viewers, say }) {
  let now = "idle", until = 0, reason = "", late = 0, failed = 0, count = 0, turn = 0,
    admitted = false, timer, onrefused;

  function draw() {
    const trouble = reason || (late ? "Something takes longer than usual. Messages wait and come by themselves." : "");
    const shown = now === "open" && trouble ? "slow" : now;
    state.dataset.state = shown;
    text.textContent = WORDS[shown];
    const left = Math.ceil((until - Date.now()) / 1000);
    const why = now === "waiting"
      ? `${reason || "The connection is lost."} Trying again${left > 0 ? ` in ${left} s` : ""}.`
      : now === "open" ? trouble : "";
    bar.hidden = !why;
    bar.lastElementChild.hidden = now !== "waiting";
    if (why !== barText.textContent) barText.textContent = why;
  }

  // What the server says of itself.
  async function look() {
    try {
      const { ok, body } = await get("/healthz", "application/json");
      reason = ok ? "" : body.draining ? "The chat is being restarted."
        : body.bus === false || body.output === false
          ? "A part of the chat is away. Messages wait and come by themselves."
          : "The chat is starting.";
      // a browser doesn't tell a page with which status it was refused
      if (ok && now === "waiting" && ++failed >= REFUSED) {
        if (!admitted && onrefused) return onrefused(OUTSIDE);
        reason = "The chat does not let you in at the moment.";
      }
      if (ok && turn++ % 2 === 0) {
        count = (await get("/metrics", "application/json")).body.viewer_count || 0;
        viewers.textContent = `${count.toLocaleString()} watching`;
        viewers.hidden = count === 0;
      }
    } catch {
      reason = now === "waiting" || now === "connecting"
        ? "The chat can't be reached." : reason;
    }
    draw();
  }

  // Looks again and again, soon after trouble.
  async function round() {
    clearTimeout(timer);
    if (!document.hidden) await look();
    const pause = reason ? 1500 : OFTEN + count * EACH;
    clearTimeout(timer);
    if (onrefused) timer = setTimeout(round, pause * (0.75 + Math.random() / 2));
  }

  return {
    look,
    tick: draw,
    // so many messages of one's own have waited for long
    late(n) {
      if (n && !late) look();
      late = n;
      draw();
    },
    begin(how) { ({ onrefused } = how); failed = 0; admitted = false; timer = setTimeout(round, 300); },
    end() { clearTimeout(timer); onrefused = undefined; now = "idle"; reason = ""; late = 0; viewers.hidden = true; draw(); },
    set(next, wait) {
      const had = now;
      now = next;
      until = Date.now() + (wait || 0) * 1000;
      if (next === "open") {
        failed = 0;
        admitted = true;
        reason = "";
        if (had !== "open" && turn) say("Connected");
        clearTimeout(timer);
        timer = setTimeout(round, 300);
      }
      if (next === "waiting") { say("Connection lost"); look(); }
      draw();
    },
  };
}
