// Build the page into functions/energy/assets/: files named by their content, which may be kept for ever, and index.html.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const page = fileURLToPath(new URL(".", import.meta.url));
const assets = fileURLToPath(new URL("../functions/energy/assets/", import.meta.url));

const { outputFiles, metafile } = await build({
  absWorkingDir: page,
  entryPoints: { page: "src/main.tsx", style: "src/style.css", icon: "icon.svg" },
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  outdir: assets,
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["es2022", "chrome116", "firefox124", "safari17.4"],
  loader: { ".svg": "copy" },
  minify: true,
  legalComments: "none",
  jsx: "automatic",
  jsxImportSource: "preact",
  define: { "process.env.NODE_ENV": '"production"' },
  logLevel: "warning",
  metafile: true,
  write: false,
});

const files = new Map(outputFiles.map(({ path, contents }) => [basename(path), Buffer.from(contents)]));
let index = await readFile(`${page}/index.html`, "utf8");
for (const entry of ["page.js", "style.css", "icon.svg"]) {
  const [stem, extension] = entry.split(".");
  const name = [...files.keys()].find((each) => each.startsWith(`${stem}-`) && each.endsWith(`.${extension}`));
  if (!name || !index.includes(`"${entry}"`)) throw new Error(`index.html does not use ${entry}, or it was not built`);
  index = index.replaceAll(`"${entry}"`, `"${name}"`);
}
// What the page begins with is fetched all at once, not file after file.
const [, { imports }] = Object.entries(metafile.outputs).find(([, each]) => each.entryPoint === "src/main.tsx");
const first = imports.filter(({ kind }) => kind === "import-statement").map(({ path }) => basename(path));
index = index.replace(/( *)<\/head>/, (head, indent) =>
  [...first.map((name) => `${indent}  <link rel="modulepreload" href="${name}">\n`), head].join(""),
);
files.set("index.html", Buffer.from(index));

await rm(assets, { recursive: true, force: true });
await mkdir(assets, { recursive: true });
const compressed = new Map();
for (const [name, contents] of files) {
  await writeFile(`${assets}/${name}`, contents);
  compressed.set(name, gzipSync(contents, { level: 9 }).length);
  console.log(`${name.padEnd(28)} ${kilobytes(contents.length)} ${kilobytes(compressed.get(name))} compressed`);
}
tell(
  "the first view",
  [...files.keys()].filter((name) => name === "index.html" || index.includes(`"${name}"`)),
);
tell("all of it", [...files.keys()]);

function tell(what, names) {
  const bytes = names.reduce((total, name) => total + compressed.get(name), 0);
  console.log(`${what.padEnd(28)} ${" ".repeat(10)} ${kilobytes(bytes)} compressed`);
}

function kilobytes(bytes) {
  return `${(bytes / 1000).toFixed(1).padStart(7)} kB`;
}
