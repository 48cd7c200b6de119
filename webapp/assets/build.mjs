// Builds the pages' assets into webapp/static/dist: names carry the content's hash, and
// manifest.json says which name is which. Licences of what is bundled go along.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { icon } from "./icons.mjs";

const source = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(source, "../..");
const target = path.resolve(source, "../static/dist");
const names = (await readdir(source)).filter((name) => /^[a-z]+\.(js|css)$/.test(name));

// Loaded only where the browser has WebCodecs, which is newer than the phones that the rest is for.
const MODERN = ["shrinker.js"];

function bundled(chosen, browsers) {
  return build({
    entryPoints: chosen.map((name) => path.join(source, name)),
    outdir: target,
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: browsers,
    logLimit: 5,
    legalComments: "none",
    loader: { ".svg": "dataurl" },
    metafile: true,
  });
}

const results = await Promise.all([
  bundled(names.filter((name) => !MODERN.includes(name)), ["es2018", "chrome70", "firefox68"]), // phones of 2018
  bundled(MODERN, ["chrome94", "firefox130", "safari16.4"]),
]);

await rm(target, { recursive: true, force: true });
await mkdir(target, { recursive: true });
const manifest = {};
for (const file of results.flatMap((result) => result.outputFiles)) {
  await writeCompressed(path.join(target, named(path.basename(file.path), file.contents)), file.contents);
}
await installable();
const inputs = Object.assign({}, ...results.map((result) => result.metafile.inputs));
await writeFile(path.join(target, "LICENSES.txt"), await licences({ inputs }));
await writeFile(path.join(target, "manifest.json"), JSON.stringify(manifest, null, 2));

// The name that this content gets.
function named(name, contents) {
  const hash = createHash("sha256").update(contents).digest("hex").slice(0, 10);
  const { name: stem, ext } = path.parse(name);
  manifest[name] = `${stem}.${hash}${ext}`;
  return manifest[name];
}

// The web app manifest and its icons, drawn from icon.svg.
async function installable() {
  const svg = await readFile(path.resolve(source, "../static/icon.svg"), "utf8");
  const icons = [{ src: "../icon.svg", sizes: "any", type: "image/svg+xml" }];
  for (const [size, purpose] of [[192, "any"], [512, "any"], [512, "maskable"]]) {
    const picture = icon(svg, size, { maskable: purpose === "maskable" });
    const src = named(`icon-${size}${purpose === "any" ? "" : "-maskable"}.png`, picture);
    await writeFile(path.join(target, src), picture);
    icons.push({ src, sizes: `${size}x${size}`, type: "image/png", purpose });
  }
  const about = JSON.parse(await readFile(path.join(source, "app.webmanifest"), "utf8"));
  const text = JSON.stringify({ ...about, icons }, null, 2);
  await writeFile(path.join(target, named("app.webmanifest", text)), text);
}

// Beside each file what a browser may get instead, made once and as small as it goes.
async function writeCompressed(file, contents) {
  await writeFile(file, contents);
  await writeFile(`${file}.gz`, gzipSync(contents, { level: 9 }));
  await writeFile(`${file}.br`, brotliCompressSync(contents));
}

async function licences(metafile) {
  const packages = new Set();
  for (const input of Object.keys(metafile.inputs)) {
    const match = input.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//);
    if (match) packages.add(match[1]);
  }
  const texts = [];
  for (const name of [...packages].sort()) {
    const folder = path.join(root, "node_modules", name);
    const about = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file ? await readFile(path.join(folder, file), "utf8") : about.license;
    texts.push(`${name} ${about.version}\n\n${text}\n`);
  }
  return texts.join("\n----\n\n");
}
