// screenshots.mjs BIN DIR: starts the chat, lets people talk, and takes
// pictures of both pages, light and dark, narrow and wide, into DIR.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join as path } from "node:path";
import { has, join, launch, open, say, until } from "./page.mjs";

const [bin, dir] = process.argv.slice(2);
const MOST = 200 * 1024; // bytes of a picture
const TALK = [
  ["maya", "good evening everyone 👋"],
  ["jonas_k", "hi maya! the new song is so good"],
  ["Lea.Sommer", "just got home from work, did I miss the intro?"],
  ["tom-tom", "only the first two minutes, you can rewind"],
  ["pixelcat", "🔥🔥🔥"],
  ["jonas_k", "that bass line though. I have been waiting for this all week and it does not disappoint"],
  ["Nils", "hello from Oslo"],
  ["amina", "hello from Nairobi 🌍"],
  ["rudi", "you are a stupid idiot"],
  ["pixelcat", "can someone tell me the name of this track?"],
  ["Lea.Sommer", "it's called Paper Boats"],
  ["amina", "مرحبا بالجميع"],
  ["tom-tom", "that violin at the end 💜"],
];

const freePort = () => new Promise((ok) => {
  const s = createServer().listen(0, "127.0.0.1", () => {
    const { port } = s.address();
    s.close(() => ok(port));
  });
});

// What they say, in a room of their own, so that each picture is of the same.
async function chatter(room) {
  const crowd = await open(browser, url);
  await crowd.evaluate(async ([talk, room]) => {
    const { connect } = await import("/safestream.js");
    for (const [name, text] of talk)
      await new Promise((ok) => {
        const c = connect({ name, room, history: 0,
          onevent: (e) => { if (e.user === name && e.nonce) { c.close(); ok(); } } });
        c.send(text);
      });
  }, [TALK, room]);
  await crowd.context().close();
}

async function picture(page, name) {
  const file = path(dir, name);
  await page.screenshot({ path: file, scale: "css" });
  const { size } = statSync(file);
  console.log(file, size);
  if (size > MOST) throw new Error(`${file}: over ${MOST} bytes`);
  await page.context().close();
}

const port = await freePort(), deskPort = await freePort();
const run = mkdtempSync(path(tmpdir(), "ss-shots-"));
const url = `http://127.0.0.1:${port}`;
const chat = spawn("examples/supervise.sh", { stdio: "ignore", env: { ...process.env,
  PATH: `${bin}:${process.env.PATH}`, SS_RATE: 0, SS_REPEAT_AFTER: 0, SS_GIFT_RATE: 1000,
  SS_PORT: port, SS_DASH_PORT: deskPort, SS_RUN: path(run, "run"), SS_DIR: path(run, "logs") } });
const ended = new Promise((ok) => chat.on("exit", ok));
const browser = await launch();
try {
  mkdirSync(dir, { recursive: true });
  await until("the chat is up", () => fetch(`${url}/healthz`).then((r) => r.ok, () => false));
  for (const [colorScheme, width, height] of [["light", 390, 780], ["dark", 390, 780], ["light", 1280, 760], ["dark", 1280, 760]]) {
    const room = `studio-${colorScheme[0]}${width}`;
    await chatter(room);
    const p = await join(browser, `${url}/?room=${room}`, "sam", { colorScheme, viewport: { width, height }, reducedMotion: "reduce" });
    await say(p, "what a lovely crowd tonight");
    await has(p, "what a lovely crowd tonight", "sent");
    execFileSync(path(bin, "ss-gift"), ["--url", url, "--room", room, "--from", "Nils", "--gift-id", "1", "--amount", "1", "--streak", "12", "--interval", "0"]);
    await p.click("#gift-row button >> nth=5");
    await p.waitForSelector(".streak >> nth=1");
    await p.fill("#text", "see you all next");
    await picture(p, `chat-${colorScheme}-${width}.png`);
  }
  for (const [colorScheme, width, height] of [["light", 1280, 600], ["dark", 1280, 600]]) {
    const p = await open(browser, `http://127.0.0.1:${deskPort}`, { colorScheme, viewport: { width, height }, reducedMotion: "reduce" });
    await p.waitForSelector("text=that violin at the end");
    await until("a minute's figures", async () => !/–/.test(await p.textContent("#now-rate")));
    await picture(p, `desk-${colorScheme}-${width}.png`);
  }
} finally {
  await browser.close();
  chat.kill("SIGTERM");
  await ended;
  rmSync(run, { recursive: true });
}
