// viewers.mjs: what the viewers' page does, each case on a server that
// browser.bats has started for it.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync, appendFileSync } from "node:fs";
import { createRequire } from "node:module";
import { check, has, join, main, open, rows, same, say, state, texts, until } from "./page.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

async function two({ browser, url }) {
  const alice = await join(browser, url, "alice"), bob = await join(browser, url, "bob");
  await say(alice, "hello bob");
  await has(alice, "hello bob", "sent");
  await has(bob, "hello bob", "");
  await say(bob, "hello alice 👋🏽 مرحبا");
  await has(alice, "hello alice 👋🏽 مرحبا", "");
  same(await rows(alice), [["alice", "hello bob", "sent"], ["bob", "hello alice 👋🏽 مرحبا", ""]],
    "alice's list");
  // somebody who comes later finds both, before he has joined, and only once
  const carol = await open(browser, url);
  await has(carol, "hello bob", "");
  await carol.fill("#name", "carol");
  await carol.click("#join button");
  await state(carol, ["open"]);
  await say(alice, "welcome");
  await has(carol, "welcome", "");
  same(await texts(carol), ["hello bob", "hello alice 👋🏽 مرحبا", "welcome"], "carol's list");
  // the same after a reload, without joining again
  await carol.reload();
  await state(carol, ["open"]);
  await say(alice, "again");
  await has(carol, "again", "");
  same((await texts(carol)).length, 4, "messages after a reload");
}

async function composer({ browser, url }) {
  const p = await join(browser, url, "alice");
  const count = () => p.textContent("#count");
  same(await count(), "500", "an empty field");
  await p.fill("#text", "é👍🏽"); // three code points
  same(await count(), "497", "code points, not UTF-16 units or bytes");
  await p.fill("#text", "👍".repeat(500));
  same(await count(), "0", "500 code points");
  check(await p.isEnabled("#send"), "500 may be sent");
  await p.fill("#text", `${"👍".repeat(500)}x`);
  same(await count(), "-1", "501 code points");
  check(await p.isDisabled("#send"), "501 may not");
  await p.press("#text", "Enter");
  check((await p.inputValue("#text")).length > 500, "they are still there");
  await p.fill("#text", "   ");
  check(await p.isDisabled("#send"), "nothing but spaces may not");
  await p.fill("#text", "ab");
  await p.press("#text", "Home");
  await p.press("#text", "ArrowRight");
  await p.click("#emoji-button");
  same(await p.getAttribute("#emoji-button", "aria-expanded"), "true", "expanded");
  await p.click("#emoji button >> nth=1");
  await p.keyboard.press("Escape");
  check(await p.isHidden("#emoji"), "Escape closes it");
  await p.press("#text", "Enter");
  await until("a😂b", async () => (await texts(p)).includes("a😂b"));
  await p.fill("#text", "one\ntwo");
  await p.press("#text", "Enter");
  await has(p, "one two", "sent");
  // a name that can't be
  const q = await open(browser, url);
  await q.fill("#name", "a b");
  await q.press("#name", "Enter");
  await until("an error", async () => (await q.textContent("#join-error")).includes("letters"));
  same(await q.getAttribute("#name", "aria-invalid"), "true", "the field says so");
}

async function blocked({ browser, url }) {
  const alice = await join(browser, url, "alice"), bob = await join(browser, url, "bob");
  await say(alice, "you are a stupid idiot");
  await has(alice, "you are a stupid idiot", "blocked");
  await say(alice, "have a nice day");
  await has(bob, "have a nice day");
  same(await texts(bob), ["have a nice day"], "bob's list");
}

// Marked as toxic, and shown to all: not before one has asked for it.
async function veiled({ browser, url }) {
  const alice = await join(browser, url, "alice"), bob = await join(browser, url, "bob");
  await say(alice, "you are a stupid idiot");
  await has(alice, "you are a stupid idiot", "sent");
  await bob.click(".veil");
  await has(bob, "you are a stupid idiot");
}

const NASTY = ["<script>pwned()</script>", "<img src=x onerror=pwned()>", "\"><svg/onload=pwned()>",
  "javascript:pwned()", "<b>bold</b>&amp;&lt;", "{{7*7}}${7*7}", "</p></div><h1>x", "\u202egnp.exe"];

// fifo: lines written there come over the bus
async function markup({ browser, url, args: [fifo] }) {
  const p = await join(browser, url, "alice");
  const ts = new Date().toISOString();
  NASTY.forEach((text, i) => {
    appendFileSync(fifo, `${JSON.stringify({ type: "chat", id: `c${i}`, user: text, role: text, message: text, toxic: false, score: 0, ts })}\n`);
    appendFileSync(fifo, `${JSON.stringify({ type: "gift", id: `g${i}`, from: text, gift_id: i, amount: 1, ts })}\n`);
  });
  for (const odd of [{ type: "chat" }, { type: "chat", user: 7, message: {} }, { type: "gift", from: null },
    { type: "gift", from: "a", gift_id: "x", amount: [] }, { type: "constructor" }, { type: "__proto__" },
    { type: "mute", user: "alice", until: 7 }, { type: "unmute", user: "alice" }, { type: "delete" }])
    appendFileSync(fifo, `${JSON.stringify({ id: "odd", ts: "yesterday", ...odd })}\n`);
  appendFileSync(fifo, `${JSON.stringify({ type: "chat", id: "end", user: "end", message: "end", ts: "never" })}\n`);
  await has(p, "end");
  same((await texts(p)).slice(0, -1), NASTY, "texts");
  same((await rows(p)).slice(0, -1).map((r) => r[0]), NASTY, "names");
  same(await p.$$eval(".row.gift .who", (all) => all.map((e) => e.textContent)), NASTY, "givers");
  same(await p.$$eval("#list script, #list img, #list svg, #list b, #list h1, #streaks img, #top-list img",
    (all) => all.length), 0, "elements made of text");
}

// A moderator's token is in a file, and the key to make more.
async function tokens({ browser, url, args: [good, key] }) {
  const p = await open(browser, url);
  const asked = [];
  p.on("request", (r) => asked.push(r.url()));
  p.on("websocket", (w) => asked.push(w.url()));
  const enter = async (token) => {
    if (await p.isHidden("#token")) await p.click("summary");
    await p.fill("#token", token);
    await p.press("#token", "Enter");
  };
  const token = readFileSync(good, "utf8").trim();
  await enter(token);
  await state(p, ["open"]);
  await say(p, "I have a badge");
  await has(p, "I have a badge", "sent");
  same(await p.textContent(".badge"), "Mod", "the badge");
  await p.click("#gift-row button >> nth=0");
  await p.waitForSelector(".row.gift");
  await p.reload(); // it is kept for this tab
  await say(p, "and here again");
  await has(p, "and here again", "sent");
  check(asked.length > 5 && !asked.some((u) => u.includes(token.slice(-20))), "the token is in no address");
  check(!p.url().includes("?") && !(await p.evaluate(() => JSON.stringify(localStorage))).includes(token.slice(-20)),
    "nor kept for longer");
  await p.click("#leave");
  await enter(`${token.slice(0, -4)}AAAA`);
  await until("it is refused", async () => /did not let you in/.test(await p.textContent("#join-error")));
  await enter(execFileSync("ss-token", ["mint", "--key", key, "--sub", "carol", "--ttl", "5s"], { encoding: "utf8" }).trim());
  await state(p, ["open"]);
  await until("it ends", async () => /expired/.test(await p.textContent("#join-error")));
  check(await p.isVisible("#join"), "one may join again");
}

// Kills the gateway (its process id is in a file; it is started again), while
// both go on writing.
async function reconnect({ browser, url, args: [pidfile] }) {
  const alice = await join(browser, url, "alice"), bob = await join(browser, url, "bob");
  const want = [];
  for (let i = 0; i < 30; i++) {
    if (i === 10 || i === 20) {
      const pid = Number(readFileSync(pidfile, "utf8"));
      process.kill(pid, "SIGKILL");
      await Promise.all([alice, bob].map((p) => state(p, ["waiting", "connecting"])));
      check(/can't be reached|lost/.test(await alice.textContent("#trouble-text")) ||
        await alice.isHidden("#trouble"), "alice is told");
    }
    const [who, text] = i % 2 ? [alice, `alice ${i}`] : [bob, `bob ${i}`];
    await say(who, text);
    want.push(text);
  }
  for (const p of [alice, bob]) {
    await until("all of it", async () => (await rows(p)).length >= want.length &&
      (await rows(p)).every((r) => r[2] === "sent" || r[2] === ""));
    same((await texts(p)).sort(), [...want].sort(), "each once");
    await state(p, ["open"]);
  }
  same(await texts(alice), await texts(bob), "the same order");
}

async function actions({ browser, url, args: [fifo] }) {
  const p = await join(browser, url, "alice"), ts = new Date().toISOString();
  const put = (ev) => appendFileSync(fifo, `${JSON.stringify({ id: Math.random().toString(36), ...ev, ts })}\n`);
  const chat = (id, user, more) => put({ type: "chat", id, user, message: id, ...more });
  chat("m1", "bob");
  chat("m2", "mallory");
  chat("m3", "mallory");
  chat("m4", "bob");
  await has(p, "m4");
  put({ type: "delete", target: "m1", by: "carol" });
  await until("m1 is gone", async () => !(await texts(p)).includes("m1"));
  put({ type: "purge", user: "mallory", by: "carol" });
  await until("mallory is gone", async () => (await texts(p)).join() === "m4");
  put({ type: "delete", target: "m9", by: "carol" });
  chat("m9", "bob"); // the tombstone came first
  chat("h1", "alice", { held: true });
  chat("h2", "alice", { held: true });
  await has(p, "h1", "held");
  await has(p, "h2", "held");
  put({ type: "deny", target: "h1", by: "carol" });
  await has(p, "h1", "denied");
  put({ type: "approve", target: "h2", by: "carol" });
  put({ type: "chat", id: "h2a", user: "alice", message: "h2", approved: "h2" });
  await until("h2 is published", async () =>
    (await rows(p)).filter((r) => r[1] === "h2").map((r) => r[2]).join() === "sent");
  same(await texts(p), ["m4", "h1", "h2"], "what is left");
  // what was held is known by its first id, too
  put({ type: "delete", target: "h2", by: "carol" });
  put({ type: "delete", target: "h3", by: "carol" });
  put({ type: "chat", id: "h3a", user: "bob", message: "h3", approved: "h3" });
  chat("m5", "bob");
  await until("h2 and h3 are gone", async () => (await texts(p)).join() === "m4,h1,m5");
  put({ type: "slow", seconds: 3, by: "carol" });
  await until("slow mode is told", async () => /one message every 3 s/.test(await p.textContent("#notice")));
  await say(p, "first");
  await until("a countdown", async () => /write again in 0:0[123]/.test(await p.textContent("#notice")));
  await p.fill("#text", "second");
  check(await p.isDisabled("#send"), "not yet");
  await until("it is over", () => p.isEnabled("#send"));
  put({ type: "slow", seconds: 0, by: "carol" });
  await until("no more", () => p.isHidden("#notice"));
  put({ type: "subonly", on: true, by: "carol" });
  await until("subscribers only", async () => /subscribers/.test(await p.textContent("#notice")));
  check(await p.isDisabled("#send"), "he is none");
  put({ type: "subonly", on: false, by: "carol" });
  await until("for all again", () => p.isEnabled("#send"));
}

async function mute({ browser, url, args: [fifo] }) {
  const p = await join(browser, url, "alice");
  const put = (ev) => appendFileSync(fifo, `${JSON.stringify({ id: Math.random().toString(36), ...ev, ts: new Date().toISOString() })}\n`);
  const left = async () => Number(/0:(\d\d)/.exec(await p.textContent("#notice"))?.[1]);
  put({ type: "mute", user: "bob", until: new Date(Date.now() + 60000).toISOString(), by: "carol" });
  put({ type: "mute", user: "alice", until: new Date(Date.now() + 4000).toISOString(), by: "carol" });
  await until("a countdown", async () => (await left()) > 0);
  const first = await left();
  check(first <= 4, "it is hers, not bob's");
  await p.fill("#text", "let me speak");
  check(await p.isDisabled("#send"), "she can't write");
  await until("it goes down", async () => (await left()) < first);
  await until("it is over", () => p.isEnabled("#send"));
  check(await p.isHidden("#notice"), "and no longer told");
  put({ type: "mute", user: "alice", by: "carol" });
  await until("for ever", () => p.isDisabled("#send"));
  put({ type: "unmute", user: "alice", by: "carol" });
  await until("unmuted", () => p.isEnabled("#send"));
  // still told when what put it in force is no longer among the newest events
  put({ type: "mute", user: "alice", until: new Date(Date.now() + 600000).toISOString(), by: "carol" });
  for (let i = 0; i < 120; i++) put({ type: "chat", user: "bob", message: `line ${i}` });
  await has(p, "line 119");
  await p.reload();
  await until("muted after a reload", async () => /muted for (9|10):/.test(await p.textContent("#notice")));
}

async function gifts({ browser, url }) {
  const alice = await join(browser, url, "alice"), bob = await join(browser, url, "bob");
  for (let i = 0; i < 5; i++) await alice.click("#gift-row button >> nth=1");
  await alice.click("#gift-row button >> nth=5");
  for (const p of [alice, bob]) {
    await until("five coffees are one streak", async () =>
      (await p.$$eval(".row.gift", (all) => all.map((r) => r.textContent))).join() ===
      "☕alice gave Coffee ×5,🚀alice gave Rocket ");
    await until("the chip says so", async () =>
      (await p.$$eval(".streak", (all) => all.map((r) => r.textContent))).includes("☕alice×5"));
  }
  await bob.setViewportSize({ width: 390, height: 780 });
  const [chips, list] = await bob.evaluate(() => ["streaks", "list"].map((id) => document.getElementById(id).getBoundingClientRect()));
  check(chips.bottom <= list.top, "on a phone they cover no message");
  const { events } = await (await fetch(`${url}/api/recent`)).json();
  const coffee = events.filter((e) => e.gift_id === 2);
  same(coffee.at(-1).count, 5, "the streak on the line");
  same(new Set(coffee.map((e) => e.streak)).size, 1, "streaks");
}

// What comes while one has scrolled up waits, and does not move the page.
async function scroll({ browser, url, args: [fifo] }) {
  const p = await join(browser, url, "alice"), ts = new Date().toISOString();
  let n = 0;
  const put = (k) => appendFileSync(fifo, Array.from({ length: k }, () => ++n).map((i) =>
    `${JSON.stringify({ type: "chat", id: `s${i}`, user: "bob", message: `number ${i}`, ts })}\n`).join(""));
  const at = () => p.$eval("#list", (l) => l.scrollTop);
  const end = () => p.$eval("#list", (l) => l.scrollHeight - l.scrollTop - l.clientHeight);
  put(100);
  await has(p, "number 100");
  check(await end() < 2, "at the end");
  // a row grows before the page hears that it has scrolled: nobody went up
  await p.$eval("#list", (l) => {
    l.lastElementChild.style.height = "300px";
    l.dispatchEvent(new Event("scroll"));
    l.lastElementChild.style.height = "";
  });
  put(1);
  await has(p, "number 101");
  // nor does the chat stop while one writes more than a line
  const low = (await p.locator("#text").boundingBox()).height;
  await p.fill("#text", "and so on ".repeat(40));
  for (const end of ["102", "103"]) {
    await p.press("#text", "x");
    put(1);
    await has(p, `number ${end}`);
  }
  check((await p.locator("#text").boundingBox()).height > 2 * low, "the field grew");
  await p.fill("#text", "");
  await p.$eval("#list", (l) => { l.scrollTop -= 900; });
  const where = await at();
  await until("it has stopped", () => p.evaluate(() => new Promise((ok) => requestAnimationFrame(() => ok(true)))));
  put(12);
  await until("12 new messages", async () => (await p.textContent("#newer")) === "12 new messages");
  same(await at(), where, "the place");
  check(!(await texts(p)).includes("number 104"), "they wait");
  await p.click("#newer");
  await has(p, "number 115");
  check(await p.isHidden("#newer"), "no button");
  await until("the end", async () => (await end()) < 2);
  put(1000);
  await has(p, "number 1115");
  const list = await texts(p);
  check(list.length <= 250, `${list.length} rows at most 250`);
  same(list.map((t) => Number(t.slice(7))), Array.from({ length: list.length }, (_, i) => 1115 - list.length + 1 + i), "the newest, in order");
}

// So many messages in so many seconds: how long frames and keystrokes take,
// and how much of a processor's time the page's own thread does.
async function flood({ browser, url, args: [fifo, count, seconds] }) {
  const p = await join(browser, url, "alice");
  const total = Number(count), ms = Number(seconds) * 1000, ts = new Date().toISOString();
  await p.evaluate(() => {
    window.frames_ms = [];
    let last = performance.now();
    requestAnimationFrame(function tick(t) {
      window.frames_ms.push(t - last);
      last = t;
      requestAnimationFrame(tick);
    });
  });
  const cdp = await p.context().newCDPSession(p);
  await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
  const busy = async () => Object.fromEntries((await cdp.send("Performance.getMetrics")).metrics
    .map((m) => [m.name, m.value]));
  const idle = await busy();
  const began = Date.now(), keys = [];
  for (let n = 0; n < total;) {
    const due = Math.min(total, Math.ceil(total * (Date.now() - began + 50) / ms));
    let lines = "";
    for (; n < due; n++)
      lines += `${JSON.stringify({ type: n % 50 ? "chat" : "gift", id: `f${n}`, user: `user${n % 97}`, from: "bob", gift_id: 1, amount: 1, message: `message number ${n}, with some words in it`, toxic: false, score: 0.01, ts })}\n`;
    if (lines) appendFileSync(fifo, lines);
    const t = performance.now();
    await p.press("#text", "x");
    keys.push(performance.now() - t);
  }
  appendFileSync(fifo, `${JSON.stringify({ type: "chat", id: "end", user: "bob", message: "end", ts })}\n`);
  // on a busy machine it may be long behind, but goes on
  for (let last; last !== "end";) {
    const before = last;
    last = await until(`what follows "${before}"`, async () => {
      const now = (await texts(p)).at(-1);
      return now !== before && now;
    });
  }
  const took = (Date.now() - began) / 1000;
  const frames = (await p.evaluate(() => window.frames_ms)).sort((a, b) => a - b);
  const used = await busy();
  const cpu = (name) => ((used[name] - idle[name]) / took * 100).toFixed(0);
  keys.sort((a, b) => a - b);
  const q = (all, f) => all[Math.floor((all.length - 1) * f)].toFixed(0);
  const n = await p.$$eval("#list > *", (all) => all.length);
  console.log(`# ${total} messages in ${took.toFixed(1)} s: frames p50 ${q(frames, 0.5)} p99 ${q(frames, 0.99)} max ${q(frames, 1)} ms, ` +
    `keystrokes p50 ${q(keys, 0.5)} p99 ${q(keys, 0.99)} ms; its thread ${cpu("TaskDuration")} % busy, ` +
    `scripts ${cpu("ScriptDuration")}, layout ${cpu("LayoutDuration")}, style ${cpu("RecalcStyleDuration")}; ${n} rows`);
  check(n <= 250, "rows are bounded");
  check(frames.length > took, "it drew more than a frame a second");
}

// The same for real, from ss-ctl through the whole loop to the page.
async function moderated({ browser, url }) {
  const ctl = (...words) => execFileSync("ss-ctl", words, { encoding: "utf8" });
  const alice = await join(browser, url, "alice"), bob = await join(browser, url, "bob");
  const left = async () => Number(/0:(\d\d)/.exec(await bob.textContent("#notice"))?.[1]);
  await say(bob, "to be deleted");
  await has(alice, "to be deleted");
  ctl("delete", await alice.getAttribute(".row.chat", "data-id"));
  for (const p of [alice, bob]) await until("deleted", async () => (await texts(p)).length === 0);
  ctl("mute", "bob", "5s");
  await until("a countdown", async () => (await left()) > 0);
  const first = await left();
  await until("it goes down", async () => (await left()) < first);
  await bob.fill("#text", "may I?");
  check(await bob.isDisabled("#send"), "not yet");
  await until("it is over", () => bob.isEnabled("#send"));
  await bob.press("#text", "Enter");
  await has(alice, "may I?");
  ctl("kick", "bob");
  await until("he is told", async () => /removed/.test(await bob.textContent("#join-error")));
  await state(bob, ["ended"]);
}

async function holds({ browser, url }) {
  const ctl = (...words) => execFileSync("ss-ctl", words, { encoding: "utf8" });
  const alice = await join(browser, url, "alice"), bob = await join(browser, url, "bob");
  for (const text of ["you are a stupid fucking idiot", "you are a fucking moron"]) {
    await say(alice, text);
    await has(alice, text, "held");
  }
  const [first, second] = await alice.$$eval("[data-fate=held]", (all) => all.map((r) => r.dataset.id));
  ctl("deny", second);
  await has(alice, "you are a fucking moron", "denied");
  ctl("approve", first);
  await has(alice, "you are a stupid fucking idiot", "sent");
  await bob.click(".veil"); // published, and still toxic
  await has(bob, "you are a stupid fucking idiot");
  same((await texts(bob)).length, 1, "bob's messages");
}

// The overlay is one of our examples, served by --www.
async function overlay({ browser, url, args: [fifo] }) {
  const p = await open(browser, `${url}/obs-overlay.html?room=main`);
  await until("it is there", async () => (await (await fetch(`${url}/metrics`,
    { headers: { Accept: "application/json" } })).json()).viewer_count === 1);
  const put = (ev) => appendFileSync(fifo, `${JSON.stringify({ id: Math.random().toString(36), ...ev, ts: new Date().toISOString() })}\n`);
  put({ type: "chat", user: "bob", message: NASTY[1] });
  put({ type: "chat", user: "eve", message: "nasty", toxic: true });
  put({ type: "chat", id: "d1", user: "bob", message: "soon gone" });
  for (const count of [1, 2, 5]) put({ type: "gift", from: "bob", gift_id: 1, amount: 1, streak: "s", count });
  const lines = (box) => p.$$eval(`#${box} .line:not(.going)`, (all) => all.map((l) => l.textContent));
  await until("a streak", async () => (await lines("gifts")).join() === "🌹bobRose×5");
  same(await lines("chat"), [`bob${NASTY[1]}`, "bobsoon gone"], "messages");
  put({ type: "delete", target: "d1", by: "carol" });
  await until("it is gone", async () => (await lines("chat")).length === 1);
  same(await p.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgba(0, 0, 0, 0)", "the background");
}

async function axe({ browser, url, args: [fifo] }) {
  const ts = new Date().toISOString();
  const put = (ev) => appendFileSync(fifo, `${JSON.stringify({ id: Math.random().toString(36), ...ev, ts })}\n`);
  const bad = [];
  for (const colorScheme of ["light", "dark"])
    for (const width of [390, 1280]) {
      const options = { colorScheme, viewport: { width, height: 800 }, reducedMotion: "reduce" };
      const p = await open(browser, url, options);
      const look = async (what) => {
        await p.evaluate(AXE);
        const { violations } = await p.evaluate(() => window.axe.run());
        for (const v of violations)
          if (["serious", "critical"].includes(v.impact))
            bad.push(`${what} ${colorScheme} ${width}: ${v.id}: ${v.help}: ${v.nodes.map((n) => n.html).slice(0, 3).join(" ")}`);
      };
      await look("before joining");
      await p.fill("#name", "alice");
      await p.press("#name", "Enter");
      await state(p, ["open"]);
      for (const user of ["bob", "carol", "dave", "eve", "fay", "gus", "hal", "ida"])
        put({ type: "chat", user, message: "hello", role: "moderator" });
      put({ type: "chat", user: "alice", message: "held", held: true });
      put({ type: "chat", user: "alice", message: "blocked", blocked: true, reason: "insult" });
      put({ type: "chat", user: "bob", message: "nasty", toxic: true });
      put({ type: "gift", from: "bob", gift_id: 3, amount: 2 });
      put({ type: "slow", seconds: 2, by: "carol" });
      await has(p, "blocked", "blocked");
      await say(p, "on its way");
      await p.click("#emoji-button");
      await look("in the chat");
      put({ type: "slow", seconds: 0, by: "carol" });
      await p.context().close();
    }
  same([...new Set(bad)], [], "serious findings");
}

async function load({ browser, url }) {
  const page = await (await browser.newContext()).newPage();
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Network.enable");
  const sizes = new Map();
  cdp.on("Network.loadingFinished", (e) => sizes.set(e.requestId, e.encodedDataLength));
  const names = new Map();
  cdp.on("Network.responseReceived", (e) => names.set(e.requestId, new URL(e.response.url).pathname));
  await page.addInitScript(() => {
    new MutationObserver((_, o) => {
      if (!document.querySelector(".row.chat")) return;
      o.disconnect();
      requestAnimationFrame(() => { window.first_ms = performance.now(); });
    }).observe(document, { childList: true, subtree: true });
  });
  await page.goto(url);
  const first = await until("a message", () => page.evaluate(() => window.first_ms));
  await until("everything is loaded", () => ["/app.js", "/style.css", "/watch.js"].every((n) =>
    [...names].some(([id, name]) => name === n && sizes.has(id))));
  const files = [...names].filter(([, n]) => !n.startsWith("/api/"));
  const bytes = files.reduce((sum, [id]) => sum + (sizes.get(id) || 0), 0);
  console.log(`# first load: ${bytes} bytes in ${files.length} files, first message after ${first.toFixed(0)} ms`);
  check(bytes > 5000 && bytes <= 60 * 1024, `${bytes} bytes, of 60 KB`);
}

// The bus goes while the page is open (done by browser.bats, on request), and
// the page says so, and says when it is back.
async function trouble({ browser, url, args: [gone, back, fifo, out] }) {
  const p = await join(browser, url, "alice");
  writeFileSync(gone, "");
  await until("it is told", async () => /away/.test(await p.textContent("#trouble-text")));
  await state(p, ["slow"]);
  await say(p, "are you there?");
  await has(p, "are you there?", "late");
  writeFileSync(back, "");
  await until("away no more", async () => !/away/.test(await p.textContent("#trouble-text")));
  await state(p, ["slow"]); // there is still that message
  check(/longer than usual/.test(await p.textContent("#trouble-text")), "it says so");
  const line = readFileSync(out, "utf8").split("\n").find((l) => l.includes("are you there?"));
  appendFileSync(fifo, `${line}\n`);
  await has(p, "are you there?", "sent");
  await state(p, ["open"]);
  check(await p.isHidden("#trouble"), "no more trouble");
}

await main({ two, composer, blocked, veiled, markup, reconnect, actions, mute, gifts, scroll, flood, axe, load, trouble, tokens,
  overlay, moderated, holds });
