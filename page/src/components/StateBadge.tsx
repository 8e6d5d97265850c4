import type { State } from "../types.ts";

const WORDS: Record<State, string> = { ok: "Safe", warning: "Warning", alarm: "Alarm" };
const SIGNS: Record<State, string> = { ok: "✓", warning: "!", alarm: "!!" };

/** How a site is, in a word, a sign and a colour. */
export function StateBadge({ state, alarms = 0 }: { state: State; alarms?: number }) {
  return (
    <span class={`badge ${state}`}>
      <span aria-hidden="true">{SIGNS[state]}</span> {WORDS[state]}
      {alarms > 1 && <span> · {alarms}</span>}
    </span>
  );
}
