import { useId, useState } from "preact/hooks";
import { type Column, Table } from "../components/index.ts";
import { bound, number, perKwh } from "../format.ts";
import type { Phase } from "../types.ts";
import { clock } from "../zone.ts";
import { type Curves, describe, loadAt, type PhaseCurves, some, topOf } from "./curves.ts";
import { type Line, Plot } from "./Plot.tsx";

interface Props {
  /** Of which node, e.g. "Grid connection". */
  title: string;
  curves: Curves;
  /** What is shown; more than one are drawn below each other. */
  phases: readonly Phase[];
  zone: string;
  /** That of prices. */
  currency: string | null;
}

const TALL = 300;
const SHORT = 130;
const STRIP = 90;

/** Load of each phase against its limit, with price and solar power beneath it, and all of it in words and as a table. */
export function LoadCharts({ title, curves, phases, zone, currency }: Props) {
  const group = useId();
  const [cursor, setCursor] = useState<number | null>(null);
  const shown = phases.flatMap((phase) => {
    const of = curves.phases.get(phase);
    return of ? [[phase, of] as const] : [];
  });
  const top = topOf(shown.map(([, each]) => each));
  const strips = [
    ...(some(curves.price) ? [strip(`Price (${perKwh(currency)})`, "price", curves.price)] : []),
    ...(some(curves.pv) ? [strip("Solar power (kW)", "pv", curves.pv)] : []),
  ];
  const words = describe({ ...curves, phases: new Map(shown) }, zone);
  const spoken = (phase: Phase, each: PhaseCurves) =>
    `${title}, load of ${phase} over time. ${describe({ ...curves, phases: new Map([[phase, each]]) }, zone)}`;
  const about = { times: curves.times, zone, now: curves.now, group, onCursor: setCursor };
  if (!curves.times.length) return <p class="empty">Nothing is on record here yet, and nothing is planned.</p>;
  return (
    <figure class="load-charts">
      <Legend curves={curves} shown={shown} zone={zone} currency={currency} cursor={cursor} />
      {shown.map(([phase, each], number) => (
        <Plot
          key={phase}
          {...about}
          lines={linesOf(each)}
          title={`${phase} (A)`}
          label={spoken(phase, each)}
          height={shown.length === 1 ? TALL : SHORT}
          top={top}
          named={number === 0}
          bare={number < shown.length - 1 || strips.length > 0}
        />
      ))}
      {strips.map(({ name, lines }, number) => (
        <Plot
          key={name}
          {...about}
          lines={lines}
          title={name}
          label={`${name} over time`}
          height={STRIP}
          bare={number < strips.length - 1}
        />
      ))}
      <figcaption>{words}</figcaption>
      <AsTable title={title} curves={curves} shown={shown} zone={zone} currency={currency} />
    </figure>
  );
}

function linesOf({ base, drawn, planned, allowed, limit }: PhaseCurves): Line[] {
  return [
    { label: "planned", colour: "planned", values: planned, fill: 0.28, dash: [5, 3] },
    { label: "drawn", colour: "drawn", values: drawn, fill: 0.6 },
    { label: "base load", colour: "base", values: base, fill: 0.85, width: 0 },
    { label: "allowed", colour: "allowed", values: allowed, width: 1, dash: [2, 2] },
    { label: "limit", colour: "limit", values: limit, width: 2.5 },
  ];
}

function strip(name: string, colour: "price" | "pv", values: Curves["price"]) {
  return { name, lines: [{ label: name, colour, values, fill: 0.2 }] satisfies Line[] };
}

const KEYS = [
  ["limit", "Limit"],
  ["allowed", "May draw"],
  ["drawn", "Drawn"],
  ["planned", "Planned"],
  ["base", "Base load"],
] as const;

type Shown = readonly (readonly [Phase, PhaseCurves])[];

function Legend({
  curves,
  shown,
  zone,
  currency,
  cursor,
}: {
  curves: Curves;
  shown: Shown;
  zone: string;
  currency: string | null;
  cursor: number | null;
}) {
  const time = cursor === null ? undefined : curves.times[cursor];
  return (
    <div class="legend">
      <ul>
        {KEYS.map(([key, name]) => (
          <li key={key}>
            <svg class={`key ${key}`} width="18" height="10" aria-hidden="true">
              <rect width="18" height="10" />
              <line x1="0" x2="18" y1="5" y2="5" />
            </svg>
            {name}
          </li>
        ))}
      </ul>
      <p class="readout" aria-hidden="true">
        {time !== undefined && cursor !== null && (
          <>
            <strong>{clock(time * 1000, zone, "short", curves.now * 1000)}</strong>
            {shown.map(([phase, each]) => ` · ${phase} ${readout(each, cursor)}`)}
            {curves.price[cursor] != null && ` · ${number(curves.price[cursor] ?? 0, 3)} ${perKwh(currency)}`}
          </>
        )}
      </p>
    </div>
  );
}

function readout(each: PhaseCurves, index: number): string {
  const [load, limit] = [loadAt(each, index), each.limit[index]];
  return `${load === null ? "–" : number(load)} / ${limit == null ? "–" : bound(limit)} A`;
}

const MOST_ROWS = 48;

interface AsTableProps {
  title: string;
  curves: Curves;
  shown: Shown;
  zone: string;
  currency: string | null;
}

/** The same numbers for those who read them. */
function AsTable({ title, curves, shown, zone, currency }: AsTableProps) {
  const [open, setOpen] = useState(false);
  const every = Math.max(1, Math.ceil((curves.times.length - 1) / MOST_ROWS));
  const rows = curves.times.slice(0, -1).flatMap((_, index) => (index % every === 0 ? [index] : []));
  const value = (each: number | null | undefined, digits?: number) => (each == null ? "–" : number(each, digits));
  const bounded = (each: number | null | undefined) => (each == null ? "–" : bound(each));
  const columns: Column<number>[] = [
    {
      head: "Time",
      names: true,
      cell: (index) => clock((curves.times[index] ?? 0) * 1000, zone, "short", curves.now * 1000),
    },
    ...shown.flatMap(([phase, each]): Column<number>[] => [
      {
        head: `${phase} load`,
        unit: "A",
        numeric: true,
        cell: (index) => value(loadAt(each, index)),
      },
      { head: `${phase} limit`, unit: "A", numeric: true, cell: (index) => bounded(each.limit[index]) },
    ]),
    { head: "What", cell: (index) => ((curves.times[index] ?? 0) < curves.now ? "drawn" : "planned") },
    { head: "Price", unit: perKwh(currency), numeric: true, cell: (index) => value(curves.price[index], 3) },
    { head: "Solar power", unit: "kW", numeric: true, cell: (index) => value(curves.pv[index]) },
  ];
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>As a table</summary>
      {open && <Table caption={title} columns={columns} rows={rows} rowKey={String} empty="Nothing is known." />}
    </details>
  );
}
