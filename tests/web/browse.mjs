// Opens each page of a folder in Chromium and prints what a careful visitor would complain about, one JSON line a page:
// axe-core's findings (WCAG 2.0 and 2.1, A and AA), console messages, failed requests, a page that scrolls sideways.
//   node browse.mjs FOLDER < pages.json      pages.json: [{"file", "policy", "widths": [360, ...], "allowed": [rule, ...]}]
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(join(here, "../../web/package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const TYPES = { ".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml" };

const folder = process.argv[2];
const pages = JSON.parse(readFileSync(0, "utf8"));
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-background-networking"],
});

async function visit(item) {
  const complaints = [];
  // The policy stands, yet axe may be brought in through the debugging protocol, which no policy touches.
  const context = await browser.newContext({ viewport: { width: item.widths[0], height: 800 }, reducedMotion: "reduce" });
  // A page that renews itself would ask for what is not in the folder.
  await context.addInitScript(() => { window.setInterval = () => 0; });
  const page = await context.newPage();
  page.on("console", (message) => complaints.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(`script: ${error.message}`));
  await page.route("**/*", (route) => {
    const url = new URL(route.request().url());
    if (url.host !== "box.test") {
      complaints.push(`foreign address: ${url.href}`);
      return route.abort();
    }
    try {
      const body = readFileSync(join(folder, decodeURIComponent(url.pathname)));
      const headers = { "content-type": TYPES[extname(url.pathname)] ?? "application/octet-stream" };
      if (url.pathname.endsWith(".html")) headers["content-security-policy"] = item.policy;
      return route.fulfill({ body, headers });
    } catch {
      complaints.push(`not there: ${url.pathname}`);
      return route.fulfill({ status: 404, body: "" });
    }
  });
  await page.goto(`http://box.test/${item.file}`, { waitUntil: "load" });
  for (const width of item.widths) {
    await page.setViewportSize({ width, height: 800 });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (over > 0) complaints.push(`scrolls sideways by ${over} px at ${width}`);
  }
  await page.evaluate(axe);
  const found = await page.evaluate(() =>
    window.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], resultTypes: ["violations"] }),
  );
  for (const violation of found.violations.filter((one) => !item.allowed.includes(one.id))) {
    complaints.push(`${violation.id}: ${violation.nodes.map((node) => node.target.join(" ")).slice(0, 3).join(" | ")}`);
  }
  console.log(JSON.stringify({ file: item.file, complaints }));
  await context.close();
}

const waiting = [...pages];
await Promise.all([0, 1].map(async () => {
  while (waiting.length) await visit(waiting.shift());
}));
await browser.close();
