/** Which field of a form an error of the API belongs to. */

import type { Phase } from "../types.ts";
import type { LimitField } from "./limit_typed.ts";

export type Pointed = { pointer: string; detail: string };

/**
 * The errors by field. `places` gives for each field the ends of paths that mean it; what fits none is under "".
 * The API writes JSON pointers ("/overrides/2/end"), the site model dotted paths ("limits.base.limit_kw").
 */
export function byField<F extends string>(
  errors: readonly Pointed[],
  places: Readonly<Record<F, readonly string[]>>,
): Partial<Record<F | "", string>> {
  const found: Partial<Record<F | "", string>> = {};
  const fields = Object.entries(places) as [F, readonly string[]][];
  for (const { pointer, detail } of errors) {
    const path = steps(pointer);
    const field = fields.find(([, ends]) => ends.some((end) => endsWith(path, steps(end))))?.[0] ?? "";
    found[field] = field in found ? `${found[field]} ${detail}` : detail;
  }
  return found;
}

/** The places of a limit's fields. */
export function limitPlaces(phases: readonly Phase[]): Record<LimitField, readonly string[]> {
  const each = Object.fromEntries(phases.map((phase) => [phase, [`limit_a/${phase}`]])) as Record<Phase, string[]>;
  return { kw: ["limit_kw"], a: ["limit_a"], ...each };
}

/** What the API asks about, without paths: "limits.weekly[1].limit_kw: 34500 kW is …" is about rule 2. */
export function asked(line: string): string {
  const [, what, number, text] = /^(?:feeders\[\d+\]\.)?limits\.(\w+)(?:\[(\d+)\])?\.\w+: (.*)$/s.exec(line) ?? [];
  if (text === undefined) return line;
  return what === "weekly" && number !== undefined ? `Rule ${Number(number) + 1}: ${text}` : text;
}

/** A warning without paths: "feeders[0].limits.weekly[1] (…): …" is about rule 2 of the calendar of the first feeder. */
export function spoken(line: string, nodes: readonly { id: string }[]): string {
  return line.replace(
    /^(?:feeders\[(\d+)\]\.)?limits\.weekly\[(\d+)\]/,
    (_, feeder: string | undefined, rule: string) => {
      const node = feeder === undefined ? "" : ` of ${nodes[Number(feeder) + 1]?.id ?? "a feeder"}`;
      return `Weekly calendar${node}, rule ${Number(rule) + 1}`;
    },
  );
}

/** The errors by rule of a calendar and by field, as "/limits/weekly/2/start_time" tells them. */
export function byRule<F extends string>(
  errors: readonly Pointed[],
  places: Readonly<Record<F, readonly string[]>>,
): { rules: Map<number, Partial<Record<F | "days", string>>>; elsewhere: string[] } {
  const rules = new Map<number, Partial<Record<F | "days", string>>>();
  const elsewhere: string[] = [];
  for (const error of errors) {
    const path = steps(error.pointer);
    const number = path.includes("weekly") ? Number(path[path.lastIndexOf("weekly") + 1]) : Number.NaN;
    if (Number.isNaN(number)) {
      elsewhere.push(error.detail);
      continue;
    }
    const { "": rest, ...fields } = byField<F>([error], places);
    const found = { ...fields, ...(rest && { days: rest }) } as Partial<Record<F | "days", string>>;
    rules.set(number, { ...rules.get(number), ...found });
  }
  return { rules, elsewhere };
}

function steps(path: string): string[] {
  return path.split(/[/.[\]]+/).filter(Boolean);
}

function endsWith(path: readonly string[], end: readonly string[]): boolean {
  return end.length <= path.length && end.every((step, index) => path[path.length - end.length + index] === step);
}
