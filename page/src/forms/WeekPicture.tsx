import { plain } from "../format.ts";
import { DAYS, shortDay, spansOf, toldRule } from "../logic/weekly.ts";
import type { WeeklyTime } from "../types.ts";

interface Props {
  /** With the number that each rule sets, for its colour; null: not a number yet. */
  rules: readonly { time: WeeklyTime; text: string; value: number | null }[];
  base: { text: string; value: number | null };
  unit: string;
}

const HOUR_WIDTH = 24;
const LEFT = 36;
const TOP = 18;
const ROW = 26;
const WIDTH = LEFT + 24 * HOUR_WIDTH + 4;
const HEIGHT = TOP + 7 * ROW + 4;

/** The week at a glance: a row for each day, a bar for each rule. The list of rules beside it says the same in words. */
export function WeekPicture({ rules, base, unit }: Props) {
  const highest = Math.max(1e-9, base.value ?? 0, ...rules.map(({ value }) => value ?? 0));
  const words = rules.map(({ time, text }) => `${toldRule(time)}: ${text}`).join("; ");
  return (
    <figure class="week">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`The week. ${words || "No rules"}. Else ${base.text}.`}
      >
        {[0, 6, 12, 18, 24].map((hour) => (
          <g key={hour}>
            <line class="grid" x1={x(hour * 60)} x2={x(hour * 60)} y1={TOP} y2={HEIGHT - 4} />
            <text x={x(hour * 60)} y={TOP - 6} text-anchor={hour === 24 ? "end" : "middle"}>
              {String(hour).padStart(2, "0")}:00
            </text>
          </g>
        ))}
        {DAYS.map((day, row) => (
          <g key={day}>
            <text x={0} y={TOP + row * ROW + ROW / 2 + 4}>
              {shortDay(row)}
            </text>
            <rect class="base" x={LEFT} y={TOP + row * ROW + 3} width={24 * HOUR_WIDTH} height={ROW - 6} />
          </g>
        ))}
        {rules.flatMap(({ time, text, value }, place) =>
          spansOf(time).map((span) => {
            const width = x(span.until) - x(span.from);
            const share = value === null ? 0.5 : Math.max(0, value) / highest;
            const y = TOP + span.day * ROW + 3;
            return (
              <g key={`${place}-${span.day}-${span.from}`}>
                <rect
                  class="rule"
                  x={x(span.from)}
                  y={y}
                  width={width}
                  height={ROW - 6}
                  opacity={0.35 + 0.45 * share}
                />
                <text class="rule-text" x={x(span.from) + 4} y={TOP + span.day * ROW + ROW / 2 + 4}>
                  {width > text.length * 7 ? text : value !== null && width > 24 ? plain(value) : ""}
                </text>
              </g>
            );
          }),
        )}
      </svg>
      <figcaption class="hint">
        Bars are rules, in {unit}; where there is none, {base.text} holds.
      </figcaption>
    </figure>
  );
}

function x(minutes: number): number {
  return LEFT + (minutes / 60) * HOUR_WIDTH;
}
