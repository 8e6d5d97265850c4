import { clock, type Style } from "../zone.ts";

interface Props {
  at: string | null;
  /** The site's. */
  zone: string;
  /** time: 17:05 · day: Mon 23 Nov · both: Mon 23 Nov, 17:05 · short: the time, with the day if it is not today. */
  style?: Style;
  /** Instead of no time. */
  none?: string;
}

/** A moment in the site's time zone. */
export function Time({ at, zone, style = "short", none = "–" }: Props) {
  if (!at) return <>{none}</>;
  return <time dateTime={at}>{clock(at, zone, style)}</time>;
}

/** From a moment to another one; none is "ever since" or "for ever". */
export function Span({ start, end, zone }: { start: string | null; end: string | null; zone: string }) {
  return (
    <span>
      {start ? <Time at={start} zone={zone} style="both" /> : "ever since"} –{" "}
      {end ? <Time at={end} zone={zone} style="both" /> : "for ever"}
    </span>
  );
}
