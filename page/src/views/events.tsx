import { useState } from "preact/hooks";
import { get } from "../api.ts";
import { Button, type Column, ErrorNotice, SelectField, Table, Time } from "../components/index.ts";
import { pathOf } from "../forms/place.ts";
import { SpanPicker, spanOf } from "../forms/SpanPicker.tsx";
import { inZone } from "../logic/clocks.ts";
import { changesOf } from "../logic/flat.ts";
import { momentsOf } from "../logic/months.ts";
import { usePlatformNow } from "../polling.ts";
import { useResource } from "../resource.ts";
import { href, navigate } from "../router.ts";
import type { ViewProps } from "../site.ts";
import type { SiteEvent } from "../types.ts";

type Kinds = "all" | "edits" | "signals" | "trouble";

const KINDS: readonly (readonly [Kinds, string])[] = [
  ["all", "Everything"],
  ["edits", "Who changed what"],
  ["signals", "Curtailments"],
  ["trouble", "Trouble"],
];

const NAMES: Record<string, string> = {
  site: "Site",
  limit: "Base limit",
  weekly: "Weekly calendar",
  override: "Override",
  prices: "Prices",
  priorities: "Priorities",
  series: "Upload",
  series_removed: "Upload taken back",
  signal: "Curtailment",
  signal_cancelled: "Curtailment taken back",
  curtailed: "Curtailment obeyed",
  no_plan: "No plan",
  no_plan_over: "Plans again",
  fallback_plan: "Simple plan",
  fallback_over: "Usual plan again",
  overload: "Overload",
  overload_over: "Overload over",
  refused: "Profile refused",
  left_short: "Left short",
};
const SIGNALS = ["signal", "signal_cancelled", "curtailed"];
const TROUBLE = [
  "no_plan",
  "no_plan_over",
  "fallback_plan",
  "fallback_over",
  "overload",
  "overload_over",
  "refused",
  "left_short",
];

/** The audit trail: who changed what, and what happened of its own. */
export function EventsView({ site, query }: ViewProps) {
  const zone = site.time_zone;
  const now = usePlatformNow(300_000);
  const { span, name } = spanOf(query, "week", now, zone);
  const kinds = KINDS.find(([key]) => key === query.get("kind"))?.[0] ?? "all";
  const asked = new URLSearchParams(momentsOf(span, zone));
  const path = `${pathOf(site, "events")}?${asked}`;
  const { data, error, loading, reload } = useResource<SiteEvent[]>(path);
  const earlier = useEarlier(path, data);
  const here: Record<string, string> = name ? { span: name } : { first: span.first, last: span.last };
  const go = (next: Record<string, string>) => navigate(href(site.id, "events", next));
  const rows = earlier.events.filter((event) => belongs(event, kinds));
  return (
    <section class="card" aria-labelledby="events-title">
      <h2 id="events-title">Events</h2>
      <div class="row">
        <SpanPicker span={span} name={name} onPick={(next) => go({ kind: kinds, ...next })} />
        <SelectField label="What" value={kinds} options={KINDS} onPick={(kind) => go({ ...here, kind })} />
      </div>
      {error !== null && <ErrorNotice error={error} title="The events could not be read." />}
      {error !== null && <Button onClick={() => reload().catch(() => undefined)}>Try again</Button>}
      {loading && <p class="empty">Reading the events …</p>}
      {data && (
        <Table
          caption="Events, the latest first"
          columns={columnsOf(zone)}
          rows={rows}
          rowKey={keyOf}
          empty="Nothing of that happened in this time."
        />
      )}
      {earlier.error !== null && <ErrorNotice error={earlier.error} title="Earlier events could not be read." />}
      {earlier.more && (
        <Button busy={earlier.busy} onClick={earlier.read}>
          Show earlier ones
        </Button>
      )}
    </section>
  );
}

const keyOf = (event: SiteEvent) => `${event.at} ${event.kind} ${event.subject}`;

/** What was read first, and page after page of what was before. */
function useEarlier(path: string, latest: SiteEvent[] | null) {
  const [state, setState] = useState<{
    path: string;
    events: SiteEvent[];
    ended: boolean;
    busy: boolean;
    error: unknown;
  }>({
    path,
    ...FRESH,
  });
  const { events, ended, busy, error } = state.path === path ? state : FRESH;
  const known = new Set(latest?.map(keyOf));
  const all = [...(latest ?? []), ...events.filter((event) => !known.has(keyOf(event)))];
  const last = all.at(-1);
  const read = async () => {
    if (!last) return;
    setState({ path, events, ended, busy: true, error: null });
    try {
      const { data } = await get<SiteEvent[]>(`${path}&before=${encodeURIComponent(last.at)}`);
      const seen = new Set(all.map(keyOf));
      const fresh = data.filter((event) => !seen.has(keyOf(event)));
      setState({ path, events: [...events, ...fresh], ended: !fresh.length, busy: false, error: null });
    } catch (reason) {
      setState({ path, events, ended, busy: false, error: reason });
    }
  };
  return { events: all, more: last !== undefined && !ended, busy, error, read };
}

const FRESH = { events: [] as SiteEvent[], ended: false, busy: false, error: null as unknown };

function belongs({ kind, author }: SiteEvent, kinds: Kinds): boolean {
  if (kinds === "edits") return author !== null && !SIGNALS.includes(kind);
  if (kinds === "signals") return SIGNALS.includes(kind);
  return kinds === "all" || TROUBLE.includes(kind);
}

function columnsOf(zone: string): Column<SiteEvent>[] {
  return [
    { head: "When", names: true, cell: ({ at }) => <Time at={at} zone={zone} style="both" /> },
    { head: "Kind", cell: ({ kind }) => NAMES[kind] ?? kind },
    {
      head: "What",
      cell: (event) => (
        <>
          {inZone(event.text, zone)}
          {event.reason && <p class="hint">Reason: {event.reason}</p>}
          <Changes event={event} zone={zone} />
        </>
      ),
    },
    { head: "By", cell: ({ author }) => author ?? "–" },
  ];
}

function Changes({ event, zone }: { event: SiteEvent; zone: string }) {
  const changes = changesOf(event.before, event.after);
  if (!changes.length) return null;
  return (
    <details>
      <summary>Before and after</summary>
      <ul class="remarks">
        {changes.map(({ label, before, theirs }) => (
          <li key={label}>
            {label && <code>{label}</code>} {inZone(before ?? "not there", zone)} → {inZone(theirs ?? "removed", zone)}
          </li>
        ))}
      </ul>
    </details>
  );
}
