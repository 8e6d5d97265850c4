// Run the unit tests of the page, or those in the files named (`node page/test.mjs zone`).
// TypeScript goes through esbuild first, as it does in the page itself.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const page = fileURLToPath(new URL(".", import.meta.url));
const wanted = process.argv.slice(2);
const built = `${page}node_modules/.tests`;
const tests = readdirSync(`${page}test`).filter(
  (name) => /\.test\.tsx?$/.test(name) && (!wanted.length || wanted.some((each) => name.includes(each))),
);

await rm(built, { recursive: true, force: true });
await build({
  absWorkingDir: page,
  entryPoints: tests.map((name) => `test/${name}`),
  outdir: built,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  packages: "external",
  platform: "node",
  format: "esm",
  jsx: "automatic",
  jsxImportSource: "preact",
  sourcemap: "inline",
  logLevel: "warning",
});
const files = tests.map((name) => `${built}/${name.replace(/\.tsx?$/, ".mjs")}`);
const { status } = spawnSync(process.execPath, ["--enable-source-maps", "--test", "--test-reporter=spec", ...files], {
  cwd: page,
  stdio: "inherit",
});
process.exit(status ?? 1);
