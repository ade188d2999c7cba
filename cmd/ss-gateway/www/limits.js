// limits.js: what one may not do at the moment, and for how long: muted,
// slow mode, subscribers only. The server decides; here it is told, counted
// down, and not tried in vain.

const STAFF = ["moderator", "streamer", "admin"];

// 75 seconds as 1:15
function span(ms) {
  const s = Math.ceil(ms / 1000), h = Math.floor(s / 3600);
  const two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
}

const until = (ev) => (ev.until ? Date.parse(ev.until) : Infinity);

export function createLimits({ notice, say, onchange }) {
  let me, muted = 0, next = 0, why = "", slow = 0, subonly = false, was = "", told = 0;

  const staff = () => STAFF.includes(me?.role);

  // kind: what it is, for telling it once; text: with the time that is left
  function current() {
    const now = Date.now();
    if (muted === Infinity) return { kind: "You are muted", text: "You are muted.", stop: true };
    if (muted > now)
      return { kind: "You are muted", text: `You are muted for ${span(muted - now)}.`, stop: true };
    if (staff()) return {};
    if (subonly && me?.role !== "subscriber")
      return { kind: "Subscribers only", text: "Only subscribers may write at the moment.", stop: true };
    if (next > now) return { kind: why, text: `${why}: write again in ${span(next - now)}.`, stop: true };
    if (slow) return { kind: "Slow mode", text: `Slow mode: one message every ${slow} s.` };
    return {};
  }

  function tick() {
    const c = me ? current() : {};
    notice.hidden = !c.text;
    notice.textContent = c.text || "";
    const is = `${c.kind || ""} ${!!c.stop}`;
    if (is === was) return;
    was = is;
    if (c.text) say(c.text);
    onchange();
  }

  function wait(reason, seconds) {
    why = reason;
    next = Date.now() + seconds * 1000;
  }

  const control = {
    mute: (ev) => { if (ev.user === me?.name) muted = until(ev); },
    unmute: (ev) => { if (ev.user === me?.name) muted = 0; },
    slow: (ev) => { slow = ev.seconds; if (!slow) next = 0; },
    subonly: (ev) => { subonly = ev.on; },
  };
  const refused = {
    muted: (ev) => { muted = until(ev); },
    slow_mode: (ev) => wait("Slow mode", ev.retry_after || slow || 1),
    rate_limited: (ev) => wait("Too fast", ev.retry_after || 1),
  };

  return {
    tick,
    allowed: () => !!me && !current().stop,
    // what is in force when one comes; what came before it is in it
    hello({ seq, mute, slow: s, subonly: only }) {
      told = seq;
      muted = mute ? until(mute) : 0;
      slow = s ? s.seconds : 0;
      subonly = !!only;
      next = 0;
      if (s?.retry_after) wait("Slow mode", s.retry_after);
      tick();
    },
    begin(who) { me = who; muted = next = told = 0; tick(); },
    control(ev) {
      if (!Object.hasOwn(control, ev.type) || ev.seq <= told) return;
      control[ev.type](ev);
      tick();
    },
    refused(ev) { if (Object.hasOwn(refused, ev.code)) { refused[ev.code](ev); tick(); } },
    sent() { if (slow && !staff()) wait("Slow mode", slow); tick(); },
  };
}
