/**
 * A look at a CSV before it is sent: what would be read from it, and which lines are wrong.
 *
 * The platform reads it again and decides; this is so that nobody has to send it to see.
 */

import { addDays, startOfDay, toLocal } from "../zone.ts";
import { clockChanges, dayText, meaning } from "./clocks.ts";

export type Row = { line: number; at: number; local: string; value: number };
export type LineProblem = { line: number; text: string };
export type Preview = {
  rows: Row[];
  problems: LineProblem[];
  notes: string[];
  stepMinutes: number | null;
  days: string[];
};

interface Columns {
  start: number;
  value: number;
  count: number;
  /** 1000 where prices are per MWh, or power in W. */
  parts: number;
  /** Of times without an offset. */
  zone: string;
}

const MINUTE = 60_000;
const STEPS = [15, 30, 60];
const MOST_PROBLEMS = 20;

/** Read a start and a value by lines: separated by `;`, a tab or `,`; times local to the zone, or with an offset. */
export function preview(text: string, zone: string): Preview {
  const lines = text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/);
  const filled = lines.flatMap((content, index) => (content.trim() ? [{ content, line: index + 1 }] : []));
  const told = /^"?sep=([;,\t])"?\s*$/i.exec(filled[0]?.content ?? "")?.[1];
  if (told) filled.shift();
  const separator = told ?? [";", "\t"].find((each) => filled[0]?.content.includes(each)) ?? ",";
  const cells = filled.map(({ content, line }) => ({ cells: cellsOf(content, separator), line }));
  const head = cells[0] && !/^\d/.test(cells[0].cells[0] ?? "") ? cells.shift() : undefined;
  const columns = head ? named(head.cells, zone) : nameless(cells[0]?.cells ?? [], zone);
  if (!columns) return { ...NOTHING, notes: ["Only the platform can tell which columns are the start and the value."] };
  const rows: Row[] = [];
  const problems: LineProblem[] = [];
  for (const each of cells) {
    const read = readLine(each.cells, columns, separator, zone, rows.at(-1)?.at ?? null);
    if ("problem" in read) problems.push({ line: each.line, text: read.problem });
    else rows.push({ line: each.line, ...read });
  }
  const stepMinutes = stepOf(rows);
  problems.push(...orderProblems(rows, stepMinutes, zone));
  if (!rows.length && !problems.length) problems.push({ line: 1, text: "there is no line with a time and a value" });
  return {
    rows,
    problems: problems.sort((one, other) => one.line - other.line).slice(0, MOST_PROBLEMS),
    notes: [...dayNotes(rows, zone), ...wholeDays(rows, stepMinutes, zone)],
    stepMinutes,
    days: [...new Set(rows.map((row) => row.local.slice(0, 10)))],
  };
}

const NOTHING: Preview = { rows: [], problems: [], notes: [], stepMinutes: null, days: [] };

function cellsOf(content: string, separator: string): string[] {
  const cells = content.split(separator).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
  while (cells.length && cells.at(-1) === "") cells.pop();
  return cells;
}

/** Two columns are the start and the value, whatever they are called; more are known by their names. */
function named(names: readonly string[], zone: string): Columns | null {
  const words = names.map((name) => name.toLowerCase().match(/[a-z]+/g) ?? []);
  const only = (fits: (words: readonly string[]) => boolean) => {
    const found = words.flatMap((each, index) => (fits(each) ? [index] : []));
    return found.length === 1 ? (found[0] ?? null) : null;
  };
  const start = names.length === 2 ? 0 : only((each) => STARTS.includes(each[0] ?? ""));
  const value = names.length === 2 ? 1 : only((each) => VALUES.includes(each.at(-1) ?? ""));
  if (start === null || value === null) return null;
  const unit = words[value]?.findLast((word) => VALUES.includes(word)) ?? "";
  const parts = ["mwh", "w", "wh"].includes(unit) ? 1000 : 1;
  return { start, value, count: names.length, parts, zone: words[start]?.at(-1) === "utc" ? "UTC" : zone };
}

const STARTS = ["start", "time", "timestamp", "datetime", "from"];
const VALUES = ["value", "price", "w", "kw", "mw", "wh", "kwh", "mwh"];

function nameless(first: readonly string[], zone: string): Columns {
  const hasEnd = first[1]?.includes(":") ?? false;
  return { start: 0, value: hasEnd ? 2 : 1, count: hasEnd ? 3 : 2, parts: 1, zone };
}

type ReadLine = { at: number; local: string; value: number } | { problem: string };

function readLine(
  cells: readonly string[],
  columns: Columns,
  separator: string,
  zone: string,
  previous: number | null,
): ReadLine {
  const [time = "", last] = [cells[columns.start], cells[columns.value]];
  if (separator === "," && cells.length > columns.count) {
    const [whole = "", decimals = ""] = cells.slice(columns.value);
    if (/^-?\d+$/.test(whole) && /^\d+$/.test(decimals)) {
      return { problem: `'${whole},${decimals}': write ${whole}.${decimals}, or separate columns by ';'` };
    }
  }
  if (last === undefined) return { problem: `'${time}' has no value: two columns are needed, a time and a value` };
  const at = readMoment(time, columns.zone, previous);
  if (typeof at === "string") return { problem: at };
  const value = readValue(last);
  if (value === null) return { problem: `'${last}' is no number: write it like 0.21` };
  return { at, local: toLocal(at, zone), value: value / columns.parts };
}

function readValue(text: string): number | null {
  const plain = text.replace(",", ".");
  return /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : null;
}

/** A time with an offset, or local; of two that are written the same, the second follows the first. */
function readMoment(text: string, zone: string, previous: number | null): number | string {
  const parts =
    /^(?<year>\d{4})-(?<month>\d{1,2})-(?<day>\d{1,2})[T ](?<time>\d{1,2}:\d{2})(:\d{2}(\.0+)?)? ?(?<offset>Z|[+-]\d{2}:?\d{2})?$/.exec(
      text,
    ) ??
    /^(?<day>\d{1,2})[.-](?<month>\d{1,2})[.-](?<year>\d{4})[T ](?<time>\d{1,2}:\d{2})(:\d{2}(\.0+)?)?$/.exec(text);
  if (!parts?.groups) return `'${text}' is no time: write it like 2026-03-02T18:00`;
  const { year, month = "", day = "", time = "", offset } = parts.groups;
  const date = `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
  const local = `${date}T${time.padStart(5, "0")}`;
  if (offset) {
    const at = Date.parse(`${local}:00${offset.replace(/^(.\d{2})(\d{2})$/, "$1:$2")}`);
    return Number.isNaN(at) ? `'${text}' is no time: there is no such day or hour` : at;
  }
  const means = meaning(local, zone);
  if (means.kind === "unreadable") return `'${text}' is no time: there is no such day or hour`;
  if (means.kind === "once") return means.at;
  if (means.kind === "skipped") {
    const next = toLocal(means.next, zone).slice(11);
    return `${local.slice(11)} does not exist on ${dayText(date)}: clocks go forward, the next is ${next}`;
  }
  return previous !== null && previous >= means.first ? means.second : means.first;
}

function stepOf(rows: readonly Row[]): number | null {
  const counts = new Map<number, number>();
  rows.slice(1).forEach((row, index) => {
    const minutes = (row.at - (rows[index]?.at ?? 0)) / MINUTE;
    counts.set(minutes, (counts.get(minutes) ?? 0) + 1);
  });
  const [most] = [...counts].sort((one, other) => other[1] - one[1]);
  return most && STEPS.includes(most[0]) ? most[0] : null;
}

function orderProblems(rows: readonly Row[], step: number | null, zone: string): LineProblem[] {
  return rows.slice(1).flatMap((row, index) => {
    const before = rows[index];
    if (!before) return [];
    const [was, is] = [before.local.slice(11), row.local.slice(11)];
    if (row.at === before.at)
      return [{ line: row.line, text: `${is} is given twice: line ${before.line} has it, too` }];
    if (row.at < before.at)
      return [{ line: row.line, text: `${is} comes after ${was}: put the lines in order of time` }];
    if (!step || row.at === before.at + step * MINUTE) return [];
    if ((row.at - before.at) % (step * MINUTE)) {
      return [{ line: row.line, text: `${is} is not ${step} minutes after ${was}, as the other lines are` }];
    }
    const missing = toLocal(before.at + step * MINUTE, zone).slice(11);
    return [{ line: row.line, text: `${missing} is missing: the line before is ${was}, this one ${is}` }];
  });
}

/** Days that are longer or shorter than others, so that 23 or 25 lines surprise nobody. */
function dayNotes(rows: readonly Row[], zone: string): string[] {
  const [first, last] = [rows[0], rows.at(-1)];
  if (!first || !last) return [];
  return clockChanges(first.at, last.at, zone).map(({ date, from, to, longerMinutes }) => {
    const hours = 24 + longerMinutes / 60;
    return `${dayText(date)} has ${hours} hours: clocks go from ${from} to ${to}.`;
  });
}

function wholeDays(rows: readonly Row[], step: number | null, zone: string): string[] {
  const [first, last] = [rows[0], rows.at(-1)];
  if (!first || !last || !step) return [];
  const [firstDay, lastDay] = [first.local.slice(0, 10), last.local.slice(0, 10)];
  const notes: string[] = [];
  if (Date.parse(startOfDay(firstDay, zone)) !== first.at) {
    notes.push(`The first line is ${first.local.slice(11)}: a day begins at 00:00.`);
  }
  if (Date.parse(startOfDay(addDays(lastDay, 1), zone)) !== last.at + step * MINUTE) {
    notes.push(`The last line is ${last.local.slice(11)}: ${dayText(lastDay)} is not whole.`);
  }
  return notes;
}

export function summary(rows: readonly Row[]): { least: number; most: number; mean: number } | null {
  if (!rows.length) return null;
  const values = rows.map((row) => row.value);
  const total = values.reduce((sum, value) => sum + value, 0);
  return { least: Math.min(...values), most: Math.max(...values), mean: total / values.length };
}
