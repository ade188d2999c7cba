// serve.mjs FILE: one Chromium for all tests of a file, which find its address
// in FILE and have contexts of their own in it. It ends with SIGTERM.
import { renameSync, writeFileSync } from "node:fs";
import { chromium } from "playwright-core";
import { options } from "./page.mjs";

const server = await chromium.launchServer(options());
writeFileSync(`${process.argv[2]}.new`, server.wsEndpoint());
renameSync(`${process.argv[2]}.new`, process.argv[2]);
