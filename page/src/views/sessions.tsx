import { useState } from "preact/hooks";
import { get } from "../api.ts";
import { Button, type Column, ErrorNotice, Quantity, Table, Time } from "../components/index.ts";
import { number } from "../format.ts";
import { usePolled } from "../polling.ts";
import type { ViewProps } from "../site.ts";
import type { VisitRecord } from "../types.ts";
import { nodeName } from "../verdict.ts";
import { usePlanned } from "./planned.ts";
import { PrioritiesCard } from "./priorities.tsx";
import { SessionsTable } from "./sessions-table.tsx";

const PAST_EVERY_MS = 60_000;

/** Those that charge, and those that left. */
export function SessionsView(view: ViewProps) {
  const { site, picture } = view;
  const planned = usePlanned(picture);
  return (
    <>
      <section class="card" aria-labelledby="now-head">
        <h2 id="now-head">Charging now</h2>
        <SessionsTable picture={picture} planned={planned} />
      </section>
      <section class="card" aria-labelledby="left-head">
        <h2 id="left-head">Left</h2>
        <Left siteId={site.id} zone={site.time_zone} />
      </section>
      <PrioritiesCard {...view} />
    </>
  );
}

function Left({ siteId, zone }: { siteId: string; zone: string }) {
  const path = `/sites/${encodeURIComponent(siteId)}/sessions`;
  const { data, error } = usePolled<VisitRecord[]>(path, PAST_EVERY_MS);
  const [older, setOlder] = useState<VisitRecord[]>([]);
  const [failed, setFailed] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const [ended, setEnded] = useState(false);
  const known = new Set(data?.map((visit) => visit.id));
  const visits = [...(data ?? []), ...older.filter((visit) => !known.has(visit.id))];
  const last = visits.at(-1);

  const more = async () => {
    if (!last) return;
    setBusy(true);
    setFailed(undefined);
    try {
      const { data: next } = await get<VisitRecord[]>(`${path}?before=${encodeURIComponent(last.departure)}`);
      const fresh = next.filter((visit) => !visits.some((each) => each.id === visit.id));
      setOlder([...older, ...fresh]);
      setEnded(fresh.length === 0);
    } catch (reason) {
      setFailed(reason);
    } finally {
      setBusy(false);
    }
  };

  if (!data) return error === undefined ? <p class="empty">Loading …</p> : <ErrorNotice error={error} />;
  return (
    <>
      <Table
        caption="Sessions that are over, the latest first"
        columns={columnsOf(zone)}
        rows={visits}
        rowKey={(visit) => visit.id}
        empty="Nobody has left yet."
      />
      {failed !== undefined && <ErrorNotice error={failed} />}
      {last && !ended && (
        <Button busy={busy} onClick={more}>
          Show earlier ones
        </Button>
      )}
    </>
  );
}

function columnsOf(zone: string): Column<VisitRecord>[] {
  return [
    {
      head: "EVSE",
      names: true,
      cell: (visit) => (
        <>
          {visit.evse_uid}
          <small class="muted">{nodeName(visit.node)}</small>
        </>
      ),
    },
    { head: "Came", cell: (visit) => <Time at={visit.arrival} zone={zone} /> },
    { head: "Left", cell: (visit) => <Time at={visit.departure} zone={zone} /> },
    { head: "Took", numeric: true, cell: (visit) => <Quantity value={visit.energy_kwh} unit="kWh" /> },
    {
      head: "Needed",
      numeric: true,
      cell: (visit) => (
        <>
          <Quantity value={visit.needs_kwh} unit="kWh" none="unknown" />
          {visit.needs_kwh !== null && <small class="muted">{visit.told ? "told" : "believed"}</small>}
        </>
      ),
    },
    { head: "Most", numeric: true, cell: (visit) => <Quantity value={visit.max_kw} unit="kW" /> },
    {
      head: "Why",
      cell: (visit) =>
        visit.short_kwh < 0.05 ? (
          <span class="muted">had all it needed</span>
        ) : (
          <ul class="remarks urgent">
            <li>left {number(visit.short_kwh)} kWh short</li>
            {visit.why.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        ),
    },
  ];
}
