// Bundles and copies the browser libraries into static/vendor, each beside a .gz of itself, so that the box serves
// every byte a page needs. Nothing is fetched here: all comes from node_modules (npm ci --ignore-scripts).
//
// A second run with the same lock, icons and script does nothing.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "node_modules");
const vendor = join(here, "static", "vendor");

const COPIED = [
  ["tabler.min.css", "@tabler/core/dist/css/tabler.min.css"],
  ["tabler.min.js", "@tabler/core/dist/js/tabler.min.js"],
  ["htmx.min.js", "htmx.org/dist/htmx.min.js"],
  ["swagger-ui.css", "swagger-ui-dist/swagger-ui.css"],
  ["swagger-ui-bundle.js", "swagger-ui-dist/swagger-ui-bundle.js"],
];

// What leaves in the files above, with the licence each asks to travel along. Bootstrap and Popper are inside
// Tabler's script, zrender and tslib inside the charts.
const PACKAGES = ["@tabler/core", "@popperjs/core", "@tabler/icons", "htmx.org", "echarts", "zrender", "tslib", "swagger-ui-dist"];

// Tabler's package carries no licence file, only this notice on its files; Bootstrap's does not survive the bundling.
// Both are under the MIT licence, whose words stand in the licence file of @tabler/icons.
const NOTICES = {
  "@tabler/core":
    "Tabler: Copyright 2018-2026 The Tabler Authors, Copyright 2018-2026 codecalm.net Paweł Kuna\n" +
    "Bootstrap 5, inside it: Copyright (c) 2011-2025 The Bootstrap Authors\n" +
    "Both under the MIT licence, in the same words as below at @tabler/icons.",
};

// Only the charts the console draws, on canvas: a strict content security policy forbids the style attributes of
// the SVG and html parts. `window.echarts` has init, getInstanceByDom and graphic.
const CHARTS = `
  import { use, init, getInstanceByDom, graphic } from "echarts/core";
  import { BarChart, LineChart } from "echarts/charts";
  import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
  import { CanvasRenderer } from "echarts/renderers";
  use([BarChart, LineChart, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);
  export { init, getInstanceByDom, graphic };
`;

function fail(sentence) {
  console.error(`web/build.mjs: ${sentence}`);
  process.exit(1);
}

function inputsDigest() {
  const hash = createHash("sha256");
  for (const name of ["package-lock.json", "build.mjs", "icons.txt"]) {
    hash.update(readFileSync(join(here, name)));
    hash.update("\0");
  }
  return hash.digest("hex");
}

function alreadyBuilt(inputs) {
  try {
    const manifest = JSON.parse(readFileSync(join(vendor, "manifest.json"), "utf8"));
    return manifest.inputs === inputs && Object.keys(manifest.files).every((name) => existsSync(join(vendor, name)));
  } catch {
    return false;
  }
}

// Source maps are not shipped; a browser's developer tools would ask for them in vain.
function withoutSourceMap(text) {
  return text.replace(/\n?(\/\/# sourceMappingURL=\S+|\/\*# sourceMappingURL=\S+ \*\/)\s*$/, "\n");
}

async function charts() {
  const { build } = await import("esbuild");
  const result = await build({
    stdin: { contents: CHARTS, resolveDir: here, loader: "js" },
    bundle: true,
    minify: true,
    format: "iife",
    globalName: "echarts",
    target: ["es2018"],
    legalComments: "none",
    write: false,
    logLevel: "error",
  });
  return result.outputFiles[0].text;
}

function sprite() {
  const names = readFileSync(join(here, "icons.txt"), "utf8")
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter(Boolean);
  const symbols = [...new Set(names)].sort().map((name) => {
    const filled = name.endsWith("-filled");
    const path = filled ? `filled/${name.slice(0, -"-filled".length)}.svg` : `outline/${name}.svg`;
    const file = join(modules, "@tabler/icons/icons", path);
    if (!existsSync(file)) fail(`icons.txt names "${name}", which Tabler does not have (${path})`);
    const shapes = /<svg[^>]*>([\s\S]*)<\/svg>/
      .exec(readFileSync(file, "utf8"))[1]
      .replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*\/>/, "")
      .replace(/\s*\n\s*/g, "");
    const paint = filled
      ? 'fill="currentColor"'
      : 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"';
    return `<symbol id="${name}" viewBox="0 0 24 24" ${paint}>${shapes}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`;
}

function description(name) {
  return JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8"));
}

// LICENSE, CopyrightNotice.txt, NOTICE, and all in a folder "licenses" (ECharts keeps there those of what it took in).
function licenceFiles(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => /^(licen[cs]e|notice|copyright)/i.test(entry.name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? readdirSync(path).map((name) => join(path, name)) : [path];
    });
}

function licences() {
  const parts = PACKAGES.map((name) => {
    const { version, license } = description(name);
    const texts = licenceFiles(join(modules, name)).map((file) => readFileSync(file, "utf8").trim());
    if (NOTICES[name]) texts.unshift(NOTICES[name]);
    if (texts.length === 0) fail(`${name} brings no licence text, and none is written here`);
    return [`${name} ${version} (${license})`, ...texts].join("\n\n");
  });
  return parts.join(`\n\n${"-".repeat(78)}\n\n`) + "\n";
}

const inputs = inputsDigest();
if (alreadyBuilt(inputs)) process.exit(0);
if (!existsSync(modules)) fail("no node_modules: run `make setup`");

const outputs = new Map();
for (const [name, source] of COPIED) outputs.set(name, withoutSourceMap(readFileSync(join(modules, source), "utf8")));
outputs.set("echarts.min.js", await charts());
outputs.set("icons.svg", sprite());
outputs.set("LICENSES.txt", licences());

rmSync(vendor, { recursive: true, force: true });
mkdirSync(vendor, { recursive: true });
const files = {};
for (const [name, text] of [...outputs].sort()) {
  const bytes = Buffer.from(text);
  const packed = gzipSync(bytes, { level: 9 });
  writeFileSync(join(vendor, name), bytes);
  writeFileSync(join(vendor, `${name}.gz`), packed);
  files[name] = { bytes: bytes.length, gzip: packed.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}
const packages = Object.fromEntries(PACKAGES.map((name) => [name, description(name).version]));
writeFileSync(join(vendor, "manifest.json"), JSON.stringify({ inputs, packages, files }, null, 2) + "\n");
for (const [name, { bytes, gzip }] of Object.entries(files)) console.log(`static/vendor/${name}: ${bytes} bytes, ${gzip} packed`);
