import { number } from "../format.ts";
import { clock } from "../zone.ts";

interface Props {
  /** In kW, one for each of the times. */
  curve: readonly number[];
  times: readonly string[];
  /** When it is believed to leave; the curve ends there. */
  until: string | null;
  zone: string;
}

const WIDTH = 120;
const HEIGHT = 26;

/** A session's plan in little: its power until it leaves, with what comes in words. */
export function Sparkline({ curve, times, until, zone }: Props) {
  const end = until ? times.findIndex((time) => time >= until) : -1;
  const shown = end > 0 ? curve.slice(0, end) : curve;
  const most = Math.max(...shown, 0);
  const words = inWords(shown, times, zone);
  if (most === 0) return <span>{words}</span>;
  const step = WIDTH / shown.length;
  const height = (kw: number) => HEIGHT - 1 - ((HEIGHT - 2) * kw) / most;
  const points = shown.flatMap((kw, index) => [
    `${(index * step).toFixed(1)},${height(kw).toFixed(1)}`,
    `${((index + 1) * step).toFixed(1)},${height(kw).toFixed(1)}`,
  ]);
  return (
    <div class="sparkline">
      <svg width={WIDTH} height={HEIGHT} aria-hidden="true">
        <polygon points={`0,${HEIGHT} ${points.join(" ")} ${WIDTH},${HEIGHT}`} />
        <polyline points={points.join(" ")} />
      </svg>
      <small>{words}</small>
    </div>
  );
}

/** What it begins with, and the first change that matters: "7.4 kW → 0.0 kW at 18:30". */
export function inWords(curve: readonly number[], times: readonly string[], zone: string): string {
  const first = curve[0];
  if (first === undefined) return "none";
  const change = curve.findIndex((kw) => Math.abs(kw - first) > Math.max(0.5, 0.15 * first));
  const [time, then] = [times[change], curve[change]];
  if (time === undefined || then === undefined) return `${number(first, 1)} kW until it leaves`;
  return `${number(first, 1)} kW → ${number(then, 1)} kW at ${clock(time, zone)}`;
}
