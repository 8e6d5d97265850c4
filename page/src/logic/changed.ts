/** Two people edit at once: what the other changed, beside what was typed here. */

/** One thing that a form shows, in words: "Base limit", "69 kW". */
export type Line = { label: string; text: string };

/** A thing that two of the three do not agree on; null: it is not there. */
export type Difference = { label: string; before: string | null; theirs: string | null; mine: string | null };

export function differences(before: readonly Line[], theirs: readonly Line[], mine: readonly Line[]): Difference[] {
  const [was, is, typed] = [before, theirs, mine].map(byLabel);
  const labels = new Set([...before, ...theirs, ...mine].map((line) => line.label));
  return [...labels]
    .map((label) => ({
      label,
      before: was?.get(label) ?? null,
      theirs: is?.get(label) ?? null,
      mine: typed?.get(label) ?? null,
    }))
    .filter((each) => each.before !== each.theirs || each.before !== each.mine);
}

/** Whether the other changed what was typed here, too, to something else. */
export function bothChanged(difference: Difference): boolean {
  const { before, theirs, mine } = difference;
  return before !== theirs && before !== mine && theirs !== mine;
}

function byLabel(lines: readonly Line[]): Map<string, string> {
  return new Map(lines.map(({ label, text }) => [label, text]));
}
