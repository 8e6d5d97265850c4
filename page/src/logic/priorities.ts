import { readNumber } from "./numbers.ts";

type Read = { value: Record<string, number>; wrong: null } | { value: null; wrong: Record<string, string> };

const HIGHEST = 100;

/** Priorities by EVSE; a field left empty is the usual, 1. */
export function readPriorities(typed: Readonly<Record<string, string>>): Read {
  const value: Record<string, number> = {};
  const wrong: Record<string, string> = {};
  for (const [evse, text] of Object.entries(typed)) {
    const read = readNumber(text.trim() || "1", "1 to 100");
    if ("problem" in read) wrong[evse] = `"${text}" is no number: write one such as 2.`;
    else if (read.value <= 0 || read.value > HIGHEST) wrong[evse] = `Must be more than 0 and ${HIGHEST} at most.`;
    else value[evse] = read.value;
  }
  return Object.keys(wrong).length ? { value: null, wrong } : { value, wrong: null };
}
