import assert from "node:assert/strict";
import { test } from "node:test";
import { doubt, limitKw, readLimitNumber, readNumber, short, toAmpere } from "../src/logic/numbers.ts";

const problem = (text: string, unit = "kW") => {
  const read = readNumber(text, unit);
  return "problem" in read ? read.problem : `taken as ${read.value}`;
};

test("numbers are read as people of several countries write them", () => {
  const said: [string, number][] = [
    ["34.5", 34.5],
    ["34,5", 34.5],
    [" 34,5 kW ", 34.5],
    ["1 200", 1200],
    ["1.200,5", 1200.5],
    ["1,200.5", 1200.5],
    [".5", 0.5],
    ["-3", -3],
    ["0", 0],
    ["0,125", 0.125],
    ["0.250", 0.25],
    ["33.333", 33.333],
  ];
  for (const [text, value] of said) assert.deepEqual(readNumber(text, "kW"), { value }, text);
});

test("a number that can be read in two ways is asked about, with both", () => {
  assert.match(problem("34,500"), /34500 or 34\.5 /);
  assert.match(problem("34.500"), /34500 or 34\.5 /);
  assert.match(problem("1.000 kW"), /1000 or 1 /);
  assert.match(problem("1,234,500"), /1234500/);
});

test("a number in another unit is not taken, and the right one is told", () => {
  assert.match(problem("34500 W"), /in kW: write 34\.5/);
  assert.match(problem("0.5 MW"), /in kW: write 500/);
  assert.match(problem("50 A"), /in kW, not in A/);
  assert.match(problem("11 kW", "A"), /in A, not in kW/);
});

test("what is no number says how to write one", () => {
  assert.match(problem(""), /Enter a number in kW/);
  assert.match(problem("ten"), /"ten" is no number/);
  assert.match(problem("1.2.3"), /is no number/);
  assert.match(problem("3e9"), /is no number/);
});

test("a limit is not below zero, and no more than any site has", () => {
  assert.deepEqual(readLimitNumber("0", "kW"), { value: 0 });
  assert.deepEqual(readLimitNumber("-1", "kW"), { problem: "A limit is 0 kW or more." });
  assert.ok("problem" in readLimitNumber("100001", "A"));
});

test("kW and ampere of all phases say the same", () => {
  assert.equal(toAmpere(34.5, 230, 3), 50);
  assert.equal(limitKw({ limit_a: { L1: 50, L2: 50, L3: 50 } }, 230), 34.5);
  assert.equal(limitKw({ limit_kw: 20 }, 230), 20);
});

test("a limit a thousand times off is asked about, with the one that was probably meant", () => {
  assert.deepEqual(doubt(34500, 69, "kW"), {
    text: "34500 kW is 500 times the present 69 kW. Is it in W?",
    rather: 34.5,
  });
  assert.equal(doubt(0.069, 69, "kW")?.rather, 69);
  assert.deepEqual(doubt(2000, 69, "kW"), { text: "2000 kW is 29 times the present 69 kW.", rather: null });
  assert.match(doubt(1, 69, "kW")?.text ?? "", /69 times less/);
});

test("a limit that is merely lower, or nothing at all, is not doubted", () => {
  assert.equal(doubt(20, 69, "kW"), null);
  assert.equal(doubt(0, 69, "kW"), null);
  assert.equal(doubt(69, 0, "kW"), null);
  assert.equal(doubt(69, null, "kW"), null);
});

test("numbers are shown with no more digits than people read", () => {
  assert.deepEqual([34.5, 0.2134, 1234.4, 49.99, 0, 50].map(short), ["34.5", "0.213", "1234", "50", "0", "50"]);
});
