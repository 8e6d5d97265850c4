import { bound, number } from "../format.ts";

interface Props {
  /** Left of the bar, e.g. "L1". */
  name?: string;
  base?: number;
  drawn: number;
  allowed: number;
  limit: number;
  unit: string;
  /** What the whole width is at least, so that bars below each other can be compared. */
  most?: number;
  /** Without numbers beside it. */
  compact?: boolean;
}

/** Right of the limit there is still room to show what is above it. */
const BEYOND = 1.15;

/** What the colours of a bar mean. */
export function LoadBarKeys() {
  return (
    <ul class="keys" aria-hidden="true">
      {KEYS.map(([key, text]) => (
        <li key={key}>
          <svg class="load-key" width="12" height="12" aria-hidden="true">
            <rect class={key} width="12" height="12" />
          </svg>
          {text}
        </li>
      ))}
    </ul>
  );
}

const KEYS = [
  ["base", "base load"],
  ["drawn", "drawn"],
  ["may", "may draw"],
  ["limit", "limit"],
] as const;

/** What is drawn (of it base load), what may be drawn, and the limit, on one line. */
export function LoadBar({ name, base = 0, drawn, allowed, limit, unit, most: least = 0, compact = false }: Props) {
  const most = Math.max(limit * BEYOND, drawn, allowed, least) || 1;
  const part = (value: number) => `${(100 * Math.max(0, value)) / most}%`;
  const above = drawn > limit || allowed > limit;
  const text = `${name ? `${name}: ` : ""}draws ${number(drawn)} ${unit} of ${bound(limit)} ${unit}, may draw ${number(allowed)} ${unit}`;
  return (
    <div class={`load-bar ${compact ? "compact" : ""}`}>
      {name && (
        <span class="name" aria-hidden="true">
          {name}
        </span>
      )}
      <svg role="img" aria-label={text} width="100%" height={compact ? 14 : 22}>
        <rect class="track" width={part(limit)} height="100%" />
        <rect class={above && allowed > limit ? "may over" : "may"} width={part(allowed)} height="100%" />
        <rect class={drawn > limit ? "drawn over" : "drawn"} width={part(drawn)} height="100%" />
        <rect class="base" width={part(Math.min(base, drawn))} height="100%" />
        <line class="limit" x1={part(limit)} x2={part(limit)} y1="0" y2="100%" />
      </svg>
      {!compact && (
        <span class="figures" aria-hidden="true">
          <strong>{number(drawn)}</strong> / {bound(limit)} {unit}
        </span>
      )}
    </div>
  );
}
