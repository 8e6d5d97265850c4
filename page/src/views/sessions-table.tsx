import { useMemo, useState } from "preact/hooks";
import { Sparkline } from "../charts/Sparkline.tsx";
import { Button, type Column, Quantity, Table, TextField, Time } from "../components/index.ts";
import { bound, number } from "../format.ts";
import type { Picture, Planned, Rate, SessionNow } from "../types.ts";
import { nodeName, remarks, urgent } from "../verdict.ts";

/** With more than so many there is a search, and the rest is shown when asked for. */
const MANY = 15;

/** Every session: what it draws, has, needs and will get, and why; those that need somebody first. */
export function SessionsTable({ picture, planned }: { picture: Picture; planned: Planned | undefined }) {
  const { site, sessions } = picture;
  const [wanted, setWanted] = useState("");
  const [everything, setEverything] = useState(false);
  const columns = useMemo(() => columnsOf(site.time_zone, planned), [site.time_zone, planned]);
  const found = sessions
    .filter((session) => matches(session, wanted))
    .toSorted((a, b) => Number(urgent(b)) - Number(urgent(a)) || leaves(a) - leaves(b) || a.id.localeCompare(b.id));
  const rows = everything ? found : found.slice(0, MANY);
  return (
    <>
      {sessions.length > MANY && (
        <TextField
          label={`Find one of ${sessions.length} sessions`}
          value={wanted}
          onText={setWanted}
          placeholder="EVSE or feeder"
        />
      )}
      <Table
        dense
        caption="Sessions that are going on"
        columns={columns}
        rows={rows}
        rowKey={(session) => session.id}
        empty={sessions.length ? `None of ${sessions.length} sessions matches “${wanted}”.` : "Nobody charges now."}
      />
      {rows.length < found.length && (
        <Button onClick={() => setEverything(true)}>Show all {found.length} sessions</Button>
      )}
    </>
  );
}

function columnsOf(zone: string, planned: Planned | undefined): Column<SessionNow>[] {
  return [
    {
      head: "EVSE",
      names: true,
      cell: (session) => (
        <>
          {session.evse_uid}
          <small class="muted">
            {nodeName(session.node)} · {session.dc ? "DC" : session.phases.join(" ")}
            {session.priority !== 1 && ` · priority ${number(session.priority, 0)}`}
          </small>
        </>
      ),
    },
    {
      head: "Now",
      numeric: true,
      cell: (session) => (
        <>
          <Quantity value={session.drawn_kw} unit="kW" />
          <small class="muted">
            may draw <span class="quantity">{mayDraw(session)}</span>
          </small>
        </>
      ),
    },
    {
      head: "So far",
      numeric: true,
      cell: (session) => (
        <>
          <Quantity value={session.energy_kwh} unit="kWh" />
          {session.since && (
            <small class="muted">
              since <Time at={session.since} zone={zone} />
            </small>
          )}
        </>
      ),
    },
    {
      head: "Still needs",
      numeric: true,
      cell: (session) => (
        <>
          <Quantity value={session.needs_kwh} unit="kWh" none="unknown" />
          <small class="muted">by {session.departure ? <Time at={session.departure} zone={zone} /> : "unknown"}</small>
        </>
      ),
    },
    {
      head: "Plan",
      cell: (session) => {
        const curve = planned?.sessions[session.id];
        return planned && curve ? (
          <Sparkline curve={curve} times={planned.times} until={session.departure} zone={zone} />
        ) : (
          "none"
        );
      },
    },
    {
      head: "Why",
      cell: (session) => {
        const lines = remarks(session);
        if (!lines.length) return <span class="muted">gets all it needs</span>;
        return (
          <ul class={urgent(session) ? "remarks urgent" : "remarks"}>
            {lines.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        );
      },
    },
  ];
}

/** What its profile says, in the profile's own unit; without one, the most that it may draw. */
function mayDraw(session: SessionNow): string {
  return session.allowed ? rate(session.allowed) : `${number(session.allowed_kw, 1)} kW`;
}

function rate({ value, unit }: Rate): string {
  return unit === "A" ? `${bound(value)} A` : `${bound(value / 1000)} kW`;
}

function leaves(session: SessionNow): number {
  return session.departure ? Date.parse(session.departure) : Number.MAX_SAFE_INTEGER;
}

function matches(session: SessionNow, wanted: string): boolean {
  const text = `${session.evse_uid} ${session.node} ${session.session_id}`.toLowerCase();
  return text.includes(wanted.trim().toLowerCase());
}
