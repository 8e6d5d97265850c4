/** What an edit changed, out of the JSON that events keep of before and after. */

import { type Difference, differences, type Line } from "./changed.ts";

/** Each value of a JSON text by its path, as "base.limit_kw" and "34.5". What is no JSON is one value without a path. */
export function flat(text: string | null): Line[] {
  if (text === null) return [];
  try {
    return [...leaves(JSON.parse(text), "")];
  } catch {
    return [{ label: "", text }];
  }
}

export function changesOf(before: string | null, after: string | null): Difference[] {
  const [was, is] = [flat(before), flat(after)];
  return differences(was, is, is);
}

function* leaves(value: unknown, path: string): Generator<Line> {
  if (value === null || value === undefined) return;
  if (typeof value !== "object") {
    yield { label: path, text: String(value) };
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    yield* leaves(inner, Array.isArray(value) ? `${path}[${key}]` : path ? `${path}.${key}` : key);
  }
}
