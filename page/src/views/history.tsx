import { useEffect, useState } from "preact/hooks";
import { curvesOf } from "../charts/curves.ts";
import { LoadCharts } from "../charts/LoadCharts.tsx";
import {
  Button,
  type Column,
  ErrorNotice,
  Notice,
  Quantity,
  SelectField,
  Span,
  Table,
  Time,
} from "../components/index.ts";
import { saveFile } from "../files.ts";
import { number } from "../format.ts";
import { pathOf } from "../forms/place.ts";
import { SpanPicker, spanOf } from "../forms/SpanPicker.tsx";
import { drawnKwh } from "../logic/energy.ts";
import { fellShort, type Missed, missedByWhy } from "../logic/missed.ts";
import { momentsOf, stepFor } from "../logic/months.ts";
import { unrecorded } from "../logic/unrecorded.ts";
import { usePlatformNow } from "../polling.ts";
import { useResource } from "../resource.ts";
import { href, navigate } from "../router.ts";
import type { ViewProps } from "../site.ts";
import type { History, SiteHead, VisitRecord } from "../types.ts";
import { nodeName } from "../verdict.ts";
import { type Visits, visitsOf } from "../visits.ts";

/** What was drawn, what was allowed, and what was missed and why. */
export function HistoryView({ site, picture, query }: ViewProps) {
  const zone = site.time_zone;
  const now = usePlatformNow(300_000);
  const { span, name } = spanOf(query, "today", now, zone);
  const moments = momentsOf(span, zone);
  const node = picture.nodes.find(({ id }) => id === query.get("node")) ?? picture.nodes[0];
  const asked = new URLSearchParams({ ...moments, step: String(stepFor(span)) });
  const path = `${pathOf(site, "history")}?${asked}`;
  const { data, error, loading, reload } = useResource<History>(path);
  const pick = (next: Record<string, string>) => {
    const kept: Record<string, string> = node && node.id !== "grid" ? { node: node.id } : {};
    navigate(href(site.id, "history", { ...kept, ...next }));
  };
  const here: Record<string, string> = name ? { span: name } : { first: span.first, last: span.last };
  const [from, until] = [Date.parse(moments.from) / 1000, Date.parse(moments.until) / 1000];
  return (
    <section aria-labelledby="history-title">
      <h2 id="history-title">History</h2>
      <div class="row">
        <SpanPicker span={span} name={name} onPick={pick} />
        {node && picture.nodes.length > 1 && (
          <SelectField
            label="Of"
            value={node.id}
            options={picture.nodes.map(({ id }) => [id, nodeName(id)] as const)}
            onPick={(id) => navigate(href(site.id, "history", { ...here, node: id }))}
          />
        )}
      </div>
      <section class="card" aria-labelledby="load-title">
        <h3 id="load-title">Load</h3>
        {error !== null && <ErrorNotice error={error} title="The history could not be read." />}
        {error !== null && <Button onClick={() => reload().catch(() => undefined)}>Try again</Button>}
        {loading && <p class="empty">Reading the history …</p>}
        {data && node && (
          <>
            <Took past={data} node={node.id} site={site} from={from * 1000} until={Math.min(now, until * 1000)} />
            {data.times.length > 0 && (
              <LoadCharts
                title={nodeName(node.id)}
                phases={node.phases}
                zone={zone}
                currency={picture.site.currency}
                curves={curvesOf(node.id, node.phases, data, undefined, {
                  from,
                  now: Math.min(now / 1000, until),
                  until,
                })}
              />
            )}
          </>
        )}
        <Export path={path} siteId={site.id} first={span.first} last={span.last} />
      </section>
      <MissedCard path={pathOf(site, "sessions")} moments={moments} zone={zone} siteId={site.id} />
    </section>
  );
}

interface TookProps {
  past: History;
  node: string;
  site: SiteHead;
  /** In milliseconds since 1970. */
  from: number;
  until: number;
}

const TOLD_GAPS = 3;

/** What sessions took, and where nobody can tell. */
function Took({ past, node, site, from, until }: TookProps) {
  const gaps = unrecorded(past, node, from, until);
  const longest = gaps.toSorted((one, other) => other.end - other.start - (one.end - one.start)).slice(0, TOLD_GAPS);
  const told = gaps.filter((gap) => longest.includes(gap));
  if (told[0] && told[0].start <= from && told[0].end >= until) {
    return <p class="empty">Nothing is on record of this time.</p>;
  }
  return (
    <>
      <p>
        Charging took <Quantity value={drawnKwh(past, node, site.voltage_v)} unit="kWh" /> here
        {gaps.length > 0 && ", as far as it is on record"}.
      </p>
      {told.length > 0 && (
        <Notice kind="info">
          Nothing is on record of{" "}
          {told.map(({ start, end }, index) => (
            <>
              {index > 0 && (index === told.length - 1 && gaps.length === told.length ? " and " : ", ")}
              <Span start={new Date(start).toISOString()} end={new Date(end).toISOString()} zone={site.time_zone} />
            </>
          ))}
          {gaps.length > told.length && `, and of ${gaps.length - told.length} shorter times`}.
        </Notice>
      )}
    </>
  );
}

function Export({ path, siteId, first, last }: { path: string; siteId: string; first: string; last: string }) {
  const [state, setState] = useState<{ busy: boolean; done: string | null; error: unknown }>(QUIET);
  const run = async () => {
    setState({ ...QUIET, busy: true });
    try {
      const days = first === last ? first : `${first}-to-${last}`;
      setState({ ...QUIET, done: await saveFile(`${path}&format=csv`, "text/csv", `${siteId}-${days}.csv`) });
    } catch (error) {
      setState({ ...QUIET, error });
    }
  };
  return (
    <div class="export">
      <Button busy={state.busy} onClick={run}>
        Export as CSV
      </Button>
      {state.done && <Notice kind="ok">Saved as {state.done}, with all nodes, in local time and UTC.</Notice>}
      {state.error !== null && <ErrorNotice error={state.error} title="Nothing was exported." />}
    </div>
  );
}

const QUIET = { busy: false, done: null, error: null };

interface MissedProps {
  path: string;
  moments: { from: string; until: string };
  zone: string;
  siteId: string;
}

function MissedCard({ path, moments: { from, until }, zone, siteId }: MissedProps) {
  const [read, setRead] = useState<{ of: string; found: Visits | null; error: unknown }>(UNREAD);
  const of = `${path} ${from} ${until}`;
  useEffect(() => {
    const life = new AbortController();
    visitsOf(path, { from, until }, undefined, life.signal).then(
      (found) => setRead({ of, found, error: null }),
      (error) => life.signal.aborted || setRead({ of, found: null, error }),
    );
    return () => life.abort();
  }, [of, path, from, until]);
  const { found, error } = read.of === of ? read : UNREAD;
  return (
    <section class="card" aria-labelledby="missed-title">
      <h3 id="missed-title">What was missed, and why</h3>
      {error !== null && <ErrorNotice error={error} title="The sessions could not be read." />}
      {!found && error === null && <p class="empty">Reading the sessions …</p>}
      {found && <MissedOf {...found} zone={zone} siteId={siteId} />}
    </section>
  );
}

const UNREAD = { of: "", found: null, error: null };

function MissedOf({ visits, whole, zone, siteId }: Visits & { zone: string; siteId: string }) {
  const short = visits.filter(fellShort);
  const missed = short.reduce((sum, visit) => sum + visit.short_kwh, 0);
  const taken = visits.reduce((sum, visit) => sum + visit.energy_kwh, 0);
  if (!visits.length) return <p class="empty">Nobody left in this time.</p>;
  return (
    <>
      <p>
        {visits.length} sessions ended and took {number(taken)} kWh.{" "}
        {short.length ? (
          <>
            {short.length} left short, by <strong>{number(missed)} kWh</strong> together.
          </>
        ) : (
          "Everybody left with what was needed."
        )}{" "}
        <a href={href(siteId, "sessions")}>All sessions</a>
      </p>
      {!whole && <Notice kind="warning">These are the latest only: choose fewer days to count them all.</Notice>}
      {short.length > 0 && (
        <>
          <Table
            caption="Missed energy by reason, the most first"
            columns={REASONS}
            rows={missedByWhy(visits)}
            rowKey={({ why }) => why}
            empty=""
          />
          <h4>Who left short</h4>
          <Table
            caption="Sessions that left short, the latest first"
            columns={shortColumns(zone)}
            rows={short}
            rowKey={({ id }) => id}
            empty=""
          />
        </>
      )}
    </>
  );
}

const REASONS: Column<Missed>[] = [
  { head: "What stood in the way", names: true, cell: ({ why }) => why },
  { head: "Missed", numeric: true, cell: ({ kwh }) => <Quantity value={kwh} unit="kWh" /> },
  { head: "Sessions", numeric: true, cell: ({ visits }) => visits },
];

function shortColumns(zone: string): Column<VisitRecord>[] {
  return [
    { head: "EVSE", names: true, cell: ({ evse_uid }) => evse_uid },
    { head: "Came", cell: ({ arrival }) => <Time at={arrival} zone={zone} style="both" /> },
    { head: "Left", cell: ({ departure }) => <Time at={departure} zone={zone} style="both" /> },
    { head: "Took", numeric: true, cell: ({ energy_kwh }) => <Quantity value={energy_kwh} unit="kWh" /> },
    { head: "Short", numeric: true, cell: ({ short_kwh }) => <Quantity value={short_kwh} unit="kWh" /> },
    {
      head: "Why",
      cell: ({ why }) => (
        <ul class="remarks">
          {why.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      ),
    },
  ];
}
