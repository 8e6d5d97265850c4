import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { clock, dayOf, startOfDay } from "../zone.ts";

export type Colour = "base" | "drawn" | "planned" | "limit" | "allowed" | "price" | "pv";

export interface Line {
  label: string;
  colour: Colour;
  values: readonly (number | null)[];
  /** Of the line; 0: none. */
  width?: number;
  dash?: number[];
  /** How strongly the area beneath it is filled, 0 to 1; none: it is not. */
  fill?: number;
}

interface Props {
  /** In seconds since 1970; each value holds until the next time. */
  times: readonly number[];
  /** The ones behind first. */
  lines: readonly Line[];
  zone: string;
  height: number;
  /** What it shows, for those who don't see it. */
  label: string;
  /** Top left, e.g. "L1 (A)". */
  title: string;
  /** Marked, if it is within. */
  now?: number;
  /** The top of the scale; what is above it is cut off. Left out: all is seen. */
  top?: number;
  /** Charts of one group move their cursors together. */
  group?: string;
  /** Without times below. */
  bare?: boolean;
  /** Whether now is marked by its name, too. */
  named?: boolean;
  onCursor?: (index: number | null) => void;
}

const AXIS_WIDTH = 44;

/** Steps over time, drawn by uPlot; colours follow the page's theme. */
export function Plot(props: Props) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const shape = props.lines.map((line) => `${line.label}${line.colour}`).join();

  // biome-ignore lint/correctness/useExhaustiveDependencies: made anew only when it has other lines or another size
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const make = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(latest, element.clientWidth), data(latest.current), element);
    };
    make();
    const sized = new ResizeObserver(() => {
      const width = element.clientWidth;
      if (plot.current && width && width !== plot.current.width) {
        plot.current.setSize({ width, height: latest.current.height });
      }
    });
    sized.observe(element);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", make);
    return () => {
      sized.disconnect();
      dark.removeEventListener("change", make);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [shape, props.height, props.zone, props.bare, props.title]);

  const curves = [props.times, ...props.lines.map((line) => line.values)];
  const drawn = useRef(curves);
  useEffect(() => {
    // A cursor that moves is no reason to draw all anew.
    if (drawn.current.length === curves.length && drawn.current.every((each, index) => each === curves[index])) return;
    drawn.current = curves;
    plot.current?.setData(data(props));
  });

  return <div class="plot" ref={place} role="img" aria-label={props.label} />;
}

function data({ times, lines }: Props): uPlot.AlignedData {
  return [times, ...lines.map((line) => line.values)] as uPlot.AlignedData;
}

function options(latest: { current: Props }, width: number): uPlot.Options {
  const { lines, zone, height, group, bare, named, title, onCursor } = latest.current;
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const font = `11px ${style.getPropertyValue("--font")}`;
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  const axis = { stroke: colour("muted"), font, ticks: { show: false } };
  return {
    width,
    height,
    legend: { show: false },
    padding: [16, 20, bare ? 6 : 0, 0],
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { show: false },
      ...(group ? { sync: { key: group, setSeries: false } } : {}),
    },
    scales: {
      x: { time: false },
      y: { range: (_plot, least, most) => [Math.min(least, 0), latest.current.top || most * 1.08 || 1] },
    },
    axes: [
      {
        ...axis,
        show: !bare,
        size: 24,
        gap: 4,
        grid: { stroke: colour("grid"), width: 1 },
        splits: (plot, _axis, least, most) => splits(least, most, plot.width, zone),
        values: (_plot, times) => times.map((time) => tick(time, zone)),
      },
      { ...axis, size: AXIS_WIDTH, gap: 6, space: height < 100 ? 18 : 28, grid: { stroke: colour("grid"), width: 1 } },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.label,
        stroke: line.width === 0 ? "transparent" : colour(line.colour),
        width: line.width ?? 1.5,
        points: { show: false },
        ...(line.dash ? { dash: line.dash } : {}),
        ...(line.fill ? { fill: withAlpha(colour(line.colour), line.fill) } : {}),
        ...(stepped ? { paths: stepped } : {}),
      })),
    ],
    hooks: {
      drawClear: [(plot) => bare && gridOfTime(plot, zone, colour("grid"))],
      draw: [
        (plot) => heading(plot, title, colour("ink"), font),
        (plot) => markNow(plot, latest.current.now, colour("ink"), font, named ?? false),
      ],
      setCursor: [(plot) => onCursor && latest.current.onCursor?.(plot.cursor.idx ?? null)],
    },
  };
}

const HOURS = [1, 2, 3, 4, 6, 12, 24, 48, 96, 168];

/** The times to mark: full hours of the site, as many as there is room for. */
function splits(least: number, most: number, width: number, zone: string): number[] {
  const room = Math.max(2, (width - AXIS_WIDTH) / 64);
  const hours = HOURS.find((each) => (most - least) / 3600 / each <= room) ?? 168;
  const marks: number[] = [];
  const begin = Date.parse(startOfDay(dayOf(least * 1000, zone), zone)) / 1000;
  for (let time = begin; time <= most; time += 3600) {
    if (time < least) continue;
    const hour = Number(clock(time * 1000, zone, "time").slice(0, 2));
    if (hours < 24 ? hour % hours === 0 : hour === 0) marks.push(time);
  }
  return marks;
}

function tick(time: number, zone: string): string {
  const text = clock(time * 1000, zone, "time");
  return text === "00:00" ? clock(time * 1000, zone, "day").replace(/ \w+$/, "") : text;
}

function gridOfTime(plot: uPlot, zone: string, colour: string): void {
  const { min, max } = plot.scales.x ?? {};
  if (min === undefined || max === undefined || min === null || max === null) return;
  for (const time of splits(min, max, plot.width, zone)) vertical(plot, time, colour, []);
}

/** For the word, at the edge of what is drawn. */
const NOW_WIDTH = 26;

function markNow(plot: uPlot, now: number | undefined, colour: string, font: string, named: boolean): void {
  const { min, max } = plot.scales.x ?? {};
  if (now === undefined || min === undefined || max === undefined || min === null || max === null) return;
  if (now <= min || now >= max) return;
  vertical(plot, now, colour, [2, 3]);
  if (!named) return;
  const left = plot.valToPos(now, "x", true) / devicePixelRatio + 4;
  write(plot, "now", Math.min(left, plot.width - NOW_WIDTH), colour, font);
}

function heading(plot: uPlot, title: string, colour: string, font: string): void {
  write(plot, title, 4, colour, `600 ${font}`);
}

function write(plot: uPlot, text: string, left: number, colour: string, font: string): void {
  const { ctx } = plot;
  ctx.save();
  ctx.scale(devicePixelRatio, devicePixelRatio);
  ctx.font = font;
  ctx.fillStyle = colour;
  ctx.textAlign = "left";
  ctx.textBaseline = "top";
  ctx.fillText(text, left, 1);
  ctx.restore();
}

function vertical(plot: uPlot, time: number, colour: string, dash: number[]): void {
  const { ctx, bbox } = plot;
  const left = Math.round(plot.valToPos(time, "x", true));
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash(dash.map((each) => each * devicePixelRatio));
  ctx.beginPath();
  ctx.moveTo(left, bbox.top);
  ctx.lineTo(left, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}

/** Of a colour as "#rrggbb". */
function withAlpha(colour: string, alpha: number): string {
  return `${colour}${Math.round(alpha * 255)
    .toString(16)
    .padStart(2, "0")}`;
}
