// Opens each page of a folder in Chromium and prints what a careful visitor would complain about, one JSON line a page:
// axe-core's findings (WCAG 2.0 and 2.1, A and AA), console messages, failed requests, a page that scrolls sideways.
//   node browse.mjs FOLDER < pages.json      pages.json: [{"file", "policy", "widths": [360, ...], "allowed": [rule, ...]}]
// The folder is served on loopback, so that the browser keeps what all pages share; no other host can be reached.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(join(here, "../../web/package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const TYPES = { ".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml" };
const TABS = 2;

const folder = process.argv[2];
const pages = JSON.parse(readFileSync(0, "utf8"));
const policies = new Map(pages.map((page) => [`/${page.file}`, page.policy]));

const server = createServer((request, response) => {
  const path = decodeURIComponent(new URL(request.url, "http://box").pathname);
  try {
    const body = readFileSync(join(folder, path));
    const headers = { "content-type": TYPES[extname(path)] ?? "application/octet-stream" };
    if (policies.has(path)) headers["content-security-policy"] = policies.get(path);
    else headers["cache-control"] = "max-age=3600, immutable";
    response.writeHead(200, headers).end(body);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const site = `http://127.0.0.1:${server.address().port}`;
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: [
    "--no-sandbox", "--disable-background-networking", "--disable-gpu",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
  ],
});
const context = await browser.newContext({ reducedMotion: "reduce" });
// A page that renews itself would ask for what is not in the folder.
await context.addInitScript(() => { window.setInterval = () => 0; });

async function tab() {
  const page = await context.newPage();
  let complaints = [];
  page.on("console", (message) => {
    // Verbose advice on login forms is no complaint: a form with two shared secrets is none
    if (message.type() !== "debug" && message.type() !== "verbose") complaints.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`script: ${error.message}`));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(site) && !url.startsWith("data:")) complaints.push(`foreign address: ${url}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) complaints.push(`not there: ${response.url()}`);
  });
  while (waiting.length) {
    const item = waiting.shift();
    complaints = [];
    await page.setViewportSize({ width: item.widths[0], height: 800 });
    await page.goto(`${site}/${item.file}`, { waitUntil: "load" });
    for (const width of item.widths) {
      await page.setViewportSize({ width, height: 800 });
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (over > 0) complaints.push(`scrolls sideways by ${over} px at ${width}`);
    }
    // The policy stands, yet axe may be brought in through the debugging protocol, which no policy touches.
    await page.evaluate(axe);
    const found = await page.evaluate(() =>
      window.axe.run({
        runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], resultTypes: ["violations"], iframes: false,
      }).then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.slice(0, 3).map((node) => node.target.join(" "))])),
    );
    for (const [id, where] of found.filter(([id]) => !item.allowed.includes(id))) {
      complaints.push(`${id}: ${where.join(" | ")}`);
    }
    console.log(JSON.stringify({ file: item.file, complaints }));
  }
}

const waiting = [...pages];
await Promise.all(Array.from({ length: TABS }, tab));
await browser.close();
server.close();
