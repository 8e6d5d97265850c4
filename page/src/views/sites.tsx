import { LoadBar } from "../charts/LoadBar.tsx";
import { type Column, ErrorNotice, Quantity, StateBadge, Table } from "../components/index.ts";
import { usePolled } from "../polling.ts";
import { href } from "../router.ts";
import type { Me, SiteSummary, State } from "../types.ts";

const EVERY_MS = 10_000;
const ORDER: Record<State, number> = { alarm: 0, warning: 1, ok: 2 };

const COLUMNS: Column<SiteSummary>[] = [
  { head: "Site", names: true, cell: (site) => <a href={href(site.id)}>{site.name ?? site.id}</a> },
  { head: "State", cell: (site) => <StateBadge state={site.state} alarms={site.alarms} /> },
  {
    head: "Load",
    cell: ({ drawn_kw, allowed_kw, limit_kw }) =>
      drawn_kw === null || allowed_kw === null || limit_kw === null ? (
        <span class="muted">its description cannot be read</span>
      ) : (
        <LoadBar drawn={drawn_kw} allowed={allowed_kw} limit={limit_kw} unit="kW" compact />
      ),
  },
  { head: "Draws", numeric: true, cell: (site) => <Quantity value={site.drawn_kw} unit="kW" /> },
  { head: "May draw", numeric: true, cell: (site) => <Quantity value={site.allowed_kw} unit="kW" /> },
  { head: "Limit", numeric: true, cell: (site) => <Quantity value={site.limit_kw} unit="kW" /> },
  { head: "Sessions", numeric: true, cell: (site) => site.sessions },
];

/** All sites that one may see, those that need somebody first. */
export function SitesView({ me }: { me: Me | undefined }) {
  const { data, error } = usePolled<SiteSummary[]>("/sites", EVERY_MS);
  const sites = data?.toSorted((a, b) => ORDER[a.state] - ORDER[b.state] || called(a).localeCompare(called(b)));
  return (
    <>
      <div class="heading">
        <h1>Your sites</h1>
        {sites !== undefined && sites.length > 0 && <p class="muted">{summary(sites)}</p>}
      </div>
      {error !== undefined && <ErrorNotice error={error} />}
      {!sites && error === undefined && <p class="empty">Loading …</p>}
      {sites && (
        <section class="card">
          <Table
            dense
            caption="Sites"
            columns={COLUMNS}
            rows={sites}
            rowKey={(site) => site.id}
            empty={<Nothing me={me} />}
          />
        </section>
      )}
    </>
  );
}

function Nothing({ me }: { me: Me | undefined }) {
  if (me?.may_create) {
    return (
      <>
        No site is described yet: write its file and run <code>ocpi site put FILE</code>.
      </>
    );
  }
  return (
    <>
      No site is granted to you. Ask who runs the platform to run{" "}
      <code>ocpi access grant {me?.principal ?? "YOU"} SITE read control</code>.
    </>
  );
}

function called(site: SiteSummary): string {
  return site.name ?? site.id;
}

function summary(sites: SiteSummary[]): string {
  const many = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`;
  const alarms = sites.filter((site) => site.state === "alarm").length;
  const warnings = sites.filter((site) => site.state === "warning").length;
  if (!alarms && !warnings) return `${many(sites.length, "site")}, all within their limits.`;
  return `${many(sites.length, "site")}: ${alarms} in alarm, ${many(warnings, "warning")}.`;
}
