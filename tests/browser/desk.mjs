// desk.mjs: what the moderators' desk does, each case beside a chat that
// browser.bats has started for it. Arguments: the desk's address, and for
// cases that need much at once a fifo that ss-log reads beside ss-moderate.
import { appendFileSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { check, has, join, main, open, same, say, texts, until } from "./page.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let ids = 0;
const line = (fifo, ev) => {
  const id = `01KBQX3C7N0F9T6W2E8R4Y${String(5000 + ++ids).padStart(4, "0")}`;
  appendFileSync(fifo, `${JSON.stringify({ id, ...ev, ts: new Date().toISOString() })}\n`);
  return id;
};
const hold = (fifo, user, message) =>
  line(fifo, { type: "chat", user, message, toxic: false, score: 0.4, held: true });

async function desk(browser, address, options = {}) {
  const p = await open(browser, address, { viewport: { width: 1400, height: 900 }, ...options });
  await until("the desk is live", async () => (await p.textContent("#link")) === "live");
  return p;
}

const shown = (p) => p.$$eval("#log .row", (all) => all.map((r) => [
  r.querySelector(".who").textContent, r.querySelector(".text").textContent,
  [...r.querySelectorAll(".tag")].map((t) => t.textContent).join()]));
const seen = (p, text, tag = "") => until(`"${text}" ${tag} on the desk`, async () =>
  (await shown(p)).some((r) => r[1] === text && r[2].includes(tag)));
const waiting = (p) => p.$$eval("#held .text", (all) => all.map((e) => e.textContent));

// Held by ss-moderate, decided by one key each, published by the gateway.
async function decide({ browser, url, args: [address] }) {
  const alice = await join(browser, url, "alice"), rudi = await join(browser, url, "rudi");
  const p = await desk(browser, address);
  const [first, second, third] = ["stupid", "dumb", "lazy"].map((w) => `you are a ${w} fucking idiot`);
  for (const text of [first, second]) {
    await say(rudi, text);
    await has(rudi, text, "held");
  }
  await until("both wait", async () => (await waiting(p)).join() === `${first},${second}`);
  await until("the title counts", async () => (await p.title()) === "(2) Desk · SafeStream");
  same(await texts(alice), [], "nobody else has seen them");
  await p.keyboard.press("a");
  await alice.click(".veil"); // published, and still toxic
  await has(alice, first);
  await has(rudi, first, "sent");
  await seen(p, first, "approved");
  await until("one is left", async () => (await waiting(p)).join() === second);
  await p.keyboard.press("d");
  await until("none is left", async () => (await waiting(p)).length === 0);
  await seen(p, second, "denied");
  await has(rudi, second, "denied");
  // the keys are letters where one writes
  await say(rudi, third);
  await until("it waits", async () => (await waiting(p)).join() === third);
  await p.type("#f-text", "ad");
  same(await waiting(p), [third], "typing decides nothing");
  await p.fill("#f-text", "");
  await p.click("#held .good");
  await has(rudi, third, "sent");
  await alice.click(".veil");
  await has(alice, third);
  same(await texts(alice), [first, third], "alice's list");
}

// A mute counts down on the page of who is muted; a message is deleted.
async function act({ browser, url, args: [address] }) {
  const alice = await join(browser, url, "alice"), bob = await join(browser, url, "bob");
  const p = await desk(browser, address);
  await say(alice, "<b onclick=x>not markup</b>");
  await has(bob, "<b onclick=x>not markup</b>");
  await seen(p, "<b onclick=x>not markup</b>");
  await p.click("#log .row .who >> text=alice");
  await until("her card", async () => (await p.textContent("#user-title")) === "alice");
  await until("her line", async () => (await p.textContent("#user-lines")).includes("not markup"));
  await p.selectOption("#user-time", "60");
  await p.click("#user [data-act=mute]");
  const left = async () => Number(/(?:0:|1:)(\d\d)/.exec(await alice.textContent("#notice"))?.[1] ?? NaN);
  await until("a countdown", async () => (await left()) >= 0);
  const first = await left();
  await until("it goes down", async () => (await left()) !== first);
  await until("the card says so", async () => (await p.textContent("#user-state")).startsWith("muted for"));
  await p.click("#user [data-act=unmute]");
  await until("she may write again", () => alice.isHidden("#notice"));
  await p.keyboard.press("Escape");
  check(await p.isHidden("#user"), "Escape closes the card");
  // by the keyboard alone
  await p.focus("#log");
  await p.keyboard.press("ArrowUp");
  for (let i = 0; i < 9 && !(await p.evaluate(() => document.activeElement.textContent.includes("not markup"))); i++)
    await p.keyboard.press("ArrowUp");
  await p.keyboard.press("Delete");
  await seen(p, "<b onclick=x>not markup</b>", "deleted");
  await until("it is gone at bob's", async () => (await texts(bob)).length === 0);
}

// What a threshold would have done, and setting it; slow mode; a filter.
async function policy({ browser, url, args: [address] }) {
  const alice = await join(browser, url, "alice"), p = await desk(browser, address);
  for (const text of ["good evening", "you are a stupid idiot", "hello again"]) {
    await say(alice, text);
    await has(alice, text);
  }
  await seen(p, "hello again");
  const slide = async (v) => { await p.fill("#t-range", v); return p.textContent("#t-sum"); };
  check((await slide("0")).startsWith("Of the last 3: 3 flagged (100 %), 2 more and 0 fewer"), "at 0 all would be");
  check((await slide("1")).startsWith("Of the last 3: 0 flagged (0.0 %), 0 more and 1 fewer"), "at 1 none would be");
  same((await p.$$eval("#t-list .text", (all) => all.map((e) => e.textContent))), ["you are a stupid idiot"], "which one");
  await p.click("#t-set");
  await until("it is in force", async () => (await p.textContent("#t-now")) === "In force: 1");
  await say(alice, "what an idiot");
  await seen(p, "what an idiot");
  same((await shown(p)).filter((r) => r[2].includes("toxic")).length, 1, "no longer toxic");
  await p.click("[data-only=toxic]");
  await until("only what is toxic", async () => (await shown(p)).length === 1);
  await p.click("[data-only=toxic]");
  await p.selectOption("#slow", "3");
  await until("slow mode at alice's", async () => /Slow mode/.test(await alice.textContent("#notice")));
  // why, as ss-moderate says it
  await p.hover("#log .row.flag");
  await p.click(".bar button >> text=Why");
  await until("why", async () => (await p.textContent("#why-by")).startsWith("Toxic, score 0."));
  await until("the labels", async () => (await p.$$("#why-labels div")).length === 6);
  check((await p.textContent("#why-by")).startsWith("Toxic, score 0."), "the verdict of the line stays");
  check((await p.textContent("#why-note")).includes(": not toxic, score 0."), "what it would be now");
  // on the way to a line the lines stand still; then all that came is there
  const place = () => p.$eval("#log .row.flag", (r) => r.getBoundingClientRect().top);
  await p.hover("#log .row.flag");
  const where = await place();
  await p.selectOption("#slow", "0");
  await until("slow mode is off", async () => {
    await p.mouse.move(...(await p.$eval("#log .row.flag", (r) => {
      const b = r.getBoundingClientRect();
      return [b.left + 40 + Math.random() * 40, b.top + b.height / 2];
    })));
    return p.isVisible("#newer");
  });
  same(await place(), where, "the flagged line's place");
  await p.mouse.move(1, 1);
  await until("what came meanwhile", async () => (await shown(p)).some((r) => r[1] === "slow mode off"));
  check(await p.isHidden("#newer"), "no button");
}

// A stage stops, and comes back; so does the desk itself.
async function trouble({ browser, args: [address, pid, deskPid] }) {
  const p = await desk(browser, address);
  const stage = Number(readFileSync(pid, "utf8"));
  await until("all stages are well", async () => (await p.$$("#lights .light.good")).length >= 4);
  process.kill(stage, "SIGSTOP");
  try {
    await until("it is said", async () => (await p.textContent("#alert")).includes("ss-log is down"));
  } finally { process.kill(stage, "SIGCONT"); }
  await until("and is over", () => p.isHidden("#alert"));
  process.kill(Number(readFileSync(deskPid, "utf8")), "SIGKILL");
  await until("the desk's server is away", async () => (await p.textContent("#link")).includes("away"));
  await until("and is back", async () => (await p.textContent("#link")) === "live");
}

async function token({ browser, args: [address, good] }) {
  const p = await open(browser, address);
  await p.fill("#token", "nonsense");
  await p.click("#login button");
  await until("it is refused", async () => (await p.textContent("#login-error")) !== "");
  await p.fill("#token", readFileSync(good, "utf8"));
  await p.click("#login button");
  await until("the desk is open", async () => (await p.textContent("#link")) === "live");
  same(await p.textContent("#me"), "mia (moderator)", "who it is");
  await p.reload();
  await until("and stays so", async () => (await p.textContent("#link")) === "live");
  same(await p.evaluate(() => document.cookie), "", "no script reads the cookie");
  await p.click("#leave");
  await until("signed out", () => p.isVisible("#token"));
}

// What was held and approved is deleted by either id; a delete of nothing
// deletes nothing.
async function twoIds({ browser, args: [address, fifo] }) {
  const p = await desk(browser, address);
  line(fifo, { type: "chat", user: "al", message: "plain", toxic: false, score: 0 });
  const approve = (text, first) =>
    line(fifo, { type: "chat", user: "rudi", message: text, toxic: false, score: 0, approved: first });
  const one = hold(fifo, "rudi", "one"), two = hold(fifo, "rudi", "two");
  approve("one, published", one);
  line(fifo, { type: "delete", by: "carol" });
  line(fifo, { type: "delete", target: one, by: "carol" });
  line(fifo, { type: "delete", target: two, by: "carol" });
  approve("two, published", two);
  line(fifo, { type: "chat", user: "al", message: "end", toxic: false, score: 0 });
  await seen(p, "end");
  for (const text of ["one, published", "two, published"]) await seen(p, text, "deleted");
  const plain = (await shown(p)).filter((r) => ["plain", "end"].includes(r[1]));
  check(plain.length === 2 && plain.every((r) => !r[2].includes("deleted")), "the others stay");
}

async function axe({ browser, args: [address, fifo] }) {
  const bad = [];
  for (let i = 0; i < 5; i++) line(fifo, { type: "chat", user: `user${i}`, message: "hello", toxic: i === 1, score: i / 5, role: i ? undefined : "moderator" });
  line(fifo, { type: "gift", from: "bob", gift_id: 1, amount: 2 });
  line(fifo, { type: "mute", user: "bob", until: new Date(Date.now() + 3e6).toISOString(), by: "carol" });
  hold(fifo, "rudi", "is held");
  for (const [colorScheme, width, tab] of [["light", 1400, "policy"], ["dark", 1400, "charts"],
    ["light", 390, "leaders"], ["dark", 390, "stages"]]) {
    const p = await desk(browser, address, { colorScheme, viewport: { width, height: 900 }, reducedMotion: "reduce" });
    await until("it waits", async () => (await waiting(p)).length === 1);
    await p.click("#log .row .who");
    if (width > 390) await p.click("#held .quiet");
    await p.click(`#tab-${tab}`);
    if (tab === "charts") check((await p.$$("#charts canvas")).length === 8, "charts are drawn");
    await p.evaluate(AXE);
    const { violations } = await p.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
    for (const v of violations)
      if (["serious", "critical"].includes(v.impact))
        bad.push(`${tab} ${colorScheme} ${width}: ${v.id}: ${v.help}: ${v.nodes.map((n) => n.html).slice(0, 3).join(" ")}`);
    await p.context().close();
  }
  same(bad, [], "what axe finds");
}

// Much at once: the page goes on drawing, and stays bounded.
async function flood({ browser, args: [address, fifo, count, seconds] }) {
  const p = await desk(browser, address), total = Number(count), ms = Number(seconds) * 1000;
  await p.click("#tab-charts");
  await p.evaluate(() => {
    window.frames_ms = [];
    let last = performance.now();
    requestAnimationFrame(function tick(t) {
      window.frames_ms.push(t - last);
      last = t;
      requestAnimationFrame(tick);
    });
  });
  const began = Date.now(), ts = new Date().toISOString();
  for (let n = 0; n < total;) {
    const due = Math.min(total, Math.ceil(total * (Date.now() - began + 50) / ms));
    let lines = "";
    for (; n < due; n++)
      lines += `${JSON.stringify({ type: n % 50 ? "chat" : "gift", id: `f${n}`, user: `user${n % 97}`, from: "bob", gift_id: 1, amount: 1, message: `message number ${n}, with some words in it`, toxic: n % 20 === 0, score: 0.01, ts })}\n`;
    if (lines) appendFileSync(fifo, lines);
    await new Promise((ok) => setTimeout(ok, 50));
  }
  appendFileSync(fifo, `${JSON.stringify({ type: "chat", id: "end", user: "bob", message: "end", ts })}\n`);
  await seen(p, "end");
  const frames = (await p.evaluate(() => window.frames_ms)).sort((a, b) => a - b);
  const q = (f) => frames[Math.floor((frames.length - 1) * f)].toFixed(0);
  const rows = (await p.$$("#log .row")).length;
  console.log(`# desk: ${total} messages in ${((Date.now() - began) / 1000).toFixed(1)} s: frames p50 ${q(0.5)} p99 ${q(0.99)} max ${q(1)} ms, ${rows} rows`);
  check(rows <= 250, "rows are bounded");
  check(frames.length > Number(seconds), "it drew more than a frame a second");
}

await main({ decide, act, policy, trouble, token, twoIds, axe, flood });
