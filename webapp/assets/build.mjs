// Builds the pages' assets into webapp/static/dist: names carry the content's hash, and
// manifest.json says which name is which. Licences of what is bundled go along.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

const source = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(source, "../..");
const target = path.resolve(source, "../static/dist");
const names = (await readdir(source)).filter((name) => /^[a-z]+\.(js|css)$/.test(name));

const result = await build({
  entryPoints: names.map((name) => path.join(source, name)),
  outdir: target,
  bundle: true,
  minify: true,
  write: false,
  format: "iife",
  target: ["es2018", "chrome70", "firefox68"], // phones of 2018
  logLimit: 5,
  legalComments: "none",
  loader: { ".svg": "dataurl" },
  metafile: true,
});

await rm(target, { recursive: true, force: true });
await mkdir(target, { recursive: true });
const manifest = {};
for (const file of result.outputFiles) {
  const name = path.basename(file.path);
  const hash = createHash("sha256").update(file.contents).digest("hex").slice(0, 10);
  const { name: stem, ext } = path.parse(name);
  manifest[name] = `${stem}.${hash}${ext}`;
  await writeCompressed(path.join(target, manifest[name]), file.contents);
}
await writeFile(path.join(target, "LICENSES.txt"), await licences(result.metafile));
await writeFile(path.join(target, "manifest.json"), JSON.stringify(manifest, null, 2));

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
