// page.mjs: what the browser tests share: Chromium, a viewer in a context of
// his own, and waiting for conditions. No test sleeps for a fixed time.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const PATIENCE = Number(process.env.PATIENCE || 15000); // ms for anything

export function check(holds, what) {
  if (!holds) throw new Error(`not so: ${what}`);
}

export function same(got, want, what) {
  const a = JSON.stringify(got), b = JSON.stringify(want);
  if (a !== b) throw new Error(`${what}:\n  got  ${a}\n  want ${b}`);
}

export async function until(what, fn) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const got = await fn();
    if (got) return got;
    if (Date.now() > end) throw new Error(`not in time: ${what}`);
    await new Promise((ok) => setTimeout(ok, 40));
  }
}

export function options() {
  const path = ["chromium-headless-shell", "chromium", "chromium-browser"]
    .map((name) => `/usr/bin/${name}`).find(existsSync);
  return { executablePath: process.env.CHROMIUM || path,
    // Chromium's own sandbox doesn't work for root
    args: process.getuid() === 0 ? ["--no-sandbox"] : [] };
}

// The browser that serve.mjs has started, or one of our own.
export function launch() {
  const there = process.env.BROWSER_WS;
  return there ? chromium.connect(there) : chromium.launch(options());
}

// A page with nobody in it. What a script throws, and what the policy of the
// page had to stop, fails the test.
export async function open(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 900, height: 700 },
    reducedMotion: "no-preference", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  page.wrong = [];
  page.on("pageerror", (e) => page.wrong.push(e.message));
  page.on("dialog", (d) => { page.wrong.push(`dialog: ${d.message()}`); d.dismiss(); });
  page.on("console", (m) => {
    if (/Content Security Policy|Trusted/.test(m.text())) page.wrong.push(m.text());
  });
  await page.goto(url);
  return page;
}

export async function join(browser, url, name, options) {
  const page = await open(browser, url, options);
  await page.fill("#name", name);
  await page.press("#name", "Enter");
  await page.waitForSelector("#state[data-state=open]");
  return page;
}

export async function say(page, text) {
  await page.fill("#text", text);
  await page.press("#text", "Enter");
}

// The messages as they stand there: [[user, text, fate]]
export const rows = (page) => page.$$eval(".row.chat", (all) => all.map((r) => [
  r.querySelector(".who").textContent, r.querySelector(".text")?.textContent ?? null,
  r.dataset.fate || ""]));

export const texts = async (page) => (await rows(page)).map((r) => r[1]);

export const has = (page, text, fate) => until(`"${text}" ${fate || ""}`, async () =>
  (await rows(page)).some((r) => r[1] === text && (fate === undefined || r[2] === fate)));

export const state = (page, want) => until(`state ${want}`, async () =>
  want.includes(await page.getAttribute("#state", "data-state")));

// Runs one of cases by its name: node FILE CASE URL [ARG...]
export async function main(cases) {
  const [name, url, ...args] = process.argv.slice(2);
  const browser = await launch();
  let failed = true;
  try {
    await cases[name]({ browser, url, args });
    failed = false;
    for (const c of browser.contexts())
      for (const p of c.pages())
        if (p.wrong?.length) { console.log(p.wrong.join("\n")); failed = true; }
  } catch (e) {
    console.log(e.stack);
    for (const c of browser.contexts())
      for (const p of c.pages()) {
        console.log(`--- ${await p.textContent("#state").catch(() => "?")}:`,
          JSON.stringify((await rows(p).catch(() => [])).slice(-12)), p.wrong);
      }
  }
  await browser.close();
  process.exit(failed ? 1 : 0);
}
