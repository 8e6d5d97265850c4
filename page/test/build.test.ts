import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

const ASSETS = "../functions/energy/assets/";
const index = readFileSync(`${ASSETS}index.html`, "utf8");
const files = readdirSync(ASSETS);
const compressed = (name: string) => gzipSync(readFileSync(ASSETS + name)).length;

test("the page begins with files that are there, each named by its content", () => {
  const used = [...index.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, name]) => name ?? "");
  assert.ok(used.length >= 4);
  for (const name of used) assert.ok(files.includes(name), name);
  for (const name of files) assert.match(name, /^(index\.html|.+-[A-Z0-9]{8}\.(js|css|svg))$/);
});

test("nothing is inline, so that the strictest policy for scripts and styles holds", () => {
  assert.doesNotMatch(index, /<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
});

test("nothing comes from elsewhere", () => {
  for (const name of files) {
    assert.doesNotMatch(readFileSync(ASSETS + name, "utf8"), /(?:src|href|import|url)\s*[=(]\s*["'(]?https?:/);
  }
});

test("the first view is less than 60 kB to transfer, all of it less than 100 kB", () => {
  const first = files.filter((name) => index.includes(name));
  const sum = (names: string[]) => names.reduce((total, name) => total + compressed(name), 0);
  assert.ok(sum(["index.html", ...first]) < 60_000, String(sum(["index.html", ...first])));
  assert.ok(sum(files) < 100_000, String(sum(files)));
});
