import assert from "node:assert/strict";
import { test } from "node:test";
import { pause } from "../src/polling.ts";

test("the longer nobody answers, the less often it is asked, up to every 30 seconds", () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4, 50].map((failures) => pause(3000, failures)),
    [3000, 6000, 12_000, 24_000, 30_000, 30_000],
  );
});

test("what is read seldom is not read more often when it fails", () => {
  assert.equal(pause(60_000, 3), 60_000);
});

test("what takes long to answer is asked less often", () => {
  assert.equal(pause(3000, 0, 500), 3000);
  assert.equal(pause(3000, 0, 4000), 8000);
  assert.equal(pause(3000, 0, 60_000), 30_000);
});
