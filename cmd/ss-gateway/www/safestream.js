// safestream.js: a client of ss-gateway in plain JavaScript, for any page.
//
//   import { connect } from "http://127.0.0.1:8000/safestream.js";
//   const chat = connect({ name: "alice", onevent: console.log });
//   chat.send("hello");
//
// Options: server (its address; this page's), name, room, token (a JWT, or a
// function that gives one), history (how many events of the past: 100),
// onevent(event): every event once, in order, and errors about what was sent;
// onstate(state, { wait, code }): connecting, open (with the hello, which says
// what is in force), waiting (so many seconds), ended (for good), reset (what
// was missed can't be had: the newest come anew).

const FINAL = [4001, 4003]; // token expired, kicked or banned: no coming back

export function connect({ server = location.href, name, room, token,
    history = 100, onevent = () => {}, onstate = () => {} }) {
  const pending = new Map(); // nonce -> message: sent, and no answer yet
  let socket, timer, epoch, since, opened, tries = 0, over = false;

  async function open() {
    socket = {}; // until there is one
    onstate("connecting", {});
    const url = new URL(`/ws/${encodeURIComponent(name)}`, server);
    url.protocol = url.protocol.replace("http", "ws");
    if (room) url.searchParams.set("room", room);
    if (since) url.searchParams.set("epoch", epoch);
    url.searchParams.set(since ? "since" : "history", since || history);
    const jwt = typeof token === "function" ? await token() : token;
    if (over) return;
    // a browser can set no headers here, and addresses are logged
    socket = new WebSocket(url, ["ndjson.safestream", ...(jwt ? ["bearer", jwt] : [])]);
    socket.onmessage = (m) => m.data.split("\n").forEach((s) => s && take(JSON.parse(s)));
    socket.onclose = (e) => again(e.code);
  }

  function again(code) {
    socket = null;
    if (over || FINAL.includes(code)) return onstate("ended", { code });
    if (Date.now() - opened > 5000) tries = 0; // it had been well
    const most = Math.min(30, 0.5 * 2 ** tries++); // twice as long each time,
    const wait = most * (0.5 + Math.random() / 2); // and not all at once
    opened = undefined;
    timer = setTimeout(open, wait * 1000);
    onstate("waiting", { wait, code });
  }

  function take(e) {
    if (e.type === "hello" && e.recovered) {
      epoch = e.epoch;
      opened = Date.now();
      onstate("open", e);
      return pending.forEach(say); // what had arrived is not sent twice
    }
    if (e.type === "hello") {
      since = opened = undefined;
      onstate("reset", {});
      return socket.close();
    }
    if (!opened) return; // of the connection that is closed
    const mine = pending.has(e.nonce) && (e.type === "error" || e.user === name);
    if (e.seq <= since && !mine) return;
    if (mine) pending.delete(e.nonce);
    if (e.seq) since = Math.max(e.seq, since || 0);
    onevent(e);
  }

  function say(message, nonce) {
    if (opened && socket?.readyState === WebSocket.OPEN)
      socket.send(JSON.stringify({ type: "chat", message, nonce }));
  }

  function retry() { // now, and not when the wait is over
    clearTimeout(timer);
    if (!socket && !over) open();
  }

  // Sends, and again until there is an answer. Returns the nonce which that
  // will have; what was refused is tried again under the same one.
  function send(message, nonce = [...crypto.getRandomValues(new Uint32Array(3))]
      .map((n) => n.toString(36)).join("")) {
    pending.set(nonce, message);
    say(message, nonce);
    return nonce;
  }

  function close() {
    over = true;
    clearTimeout(timer);
    removeEventListener("online", retry);
    socket?.close?.();
  }

  addEventListener("online", retry);
  open();
  return { send, retry, close };
}
