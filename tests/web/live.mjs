// Opens the list of people online over a server that changes its mind, and prints what stands on the page after each
// five seconds, one JSON line a step.      node live.mjs FOLDER PAGE NEXT
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(join(here, "../../web/package.json"));
const { chromium } = require("playwright-core");
const TYPES = { ".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml" };
const [folder, first, next, policy] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-background-networking"],
});
const page = await browser.newPage();
const complaints = [];
let asked = 0, broken = false;
page.on("console", (message) => broken || complaints.push(message.text()));
page.on("pageerror", (error) => complaints.push(error.message));
await page.route("**/*", (route) => {
  const url = new URL(route.request().url());
  if (url.pathname === "/admin/online") {
    asked += 1;
    if (broken) return route.abort();
    return route.fulfill({ body: readFileSync(join(folder, next)), contentType: TYPES[".html"] });
  }
  const headers = { "content-type": TYPES[extname(url.pathname)] ?? "application/octet-stream" };
  if (url.pathname.endsWith(".html")) headers["content-security-policy"] = policy;
  return route.fulfill({ body: readFileSync(join(folder, decodeURIComponent(url.pathname))), headers });
});
await page.clock.install();
await page.goto(`http://box.test/${first}`, { waitUntil: "load" });
await page.evaluate(() => { document.querySelector("#s1").dataset.same = "row"; });

async function step(name, act) {
  if (act) await act();
  await page.clock.runFor(5100);
  await page.waitForTimeout(150);
  const seen = await page.evaluate(() => ({
    same: document.querySelector("#s1")?.dataset.same ?? "",
    traffic: document.querySelector("#s1 td:nth-child(7)")?.textContent ?? "",
    gone: [...document.querySelectorAll(".zm-gone")].map((row) => row.id),
    fresh: document.querySelector("[data-live-new]").hidden ? "" : document.querySelector("[data-live-new]").textContent,
    lost: document.querySelector("[data-live-lost]").hidden ? "" : document.querySelector("[data-live-lost]").textContent,
    live: !document.querySelector("[data-live-badge]").hidden,
  }));
  console.log(JSON.stringify({ name, asked, ...seen }));
}

await step("confirming");
await step("updated", () => page.evaluate(() => document.querySelector(".zm-asked").classList.remove("zm-asked")));
await step("paused", () => page.click("[data-live-pause]"));
await step("lost", async () => { broken = true; await page.click("[data-live-pause]"); });
await step("back", () => { broken = false; });
console.log(JSON.stringify({ name: "end", complaints }));
await browser.close();
