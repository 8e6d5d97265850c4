import { useState } from "preact/hooks";
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
import { openFile, saveFile } from "../files.ts";
import { duration, number } from "../format.ts";
import { pathOf } from "../forms/place.ts";
import { lastMonths, monthText } from "../logic/months.ts";
import { usePlatformNow } from "../polling.ts";
import { useResource } from "../resource.ts";
import { href, navigate } from "../router.ts";
import type { ViewProps } from "../site.ts";
import type { Account, MonthReport } from "../types.ts";
import { nodeName } from "../verdict.ts";

const MONTHS = 14;

/** A month: what it cost beside uncontrolled charging, curtailments, and who left with what was needed. */
export function ReportsView({ site, query }: ViewProps) {
  const zone = site.time_zone;
  const now = usePlatformNow(300_000);
  const months = lastMonths(now, zone, MONTHS);
  const month = months.find((each) => each === query.get("month")) ?? months[0] ?? "";
  const path = pathOf(site, "reports", month);
  const { data, error, loading, reload } = useResource<MonthReport>(path);
  return (
    <section aria-labelledby="reports-title">
      <h2 id="reports-title">Reports</h2>
      <SelectField
        label="Month"
        value={month}
        options={months.map((each) => [each, monthText(each)] as const)}
        onPick={(picked) => navigate(href(site.id, "reports", { month: picked }))}
      />
      {error !== null && <ErrorNotice error={error} title="The report could not be made." />}
      {error !== null && <Button onClick={() => reload().catch(() => undefined)}>Try again</Button>}
      {loading && <p class="empty">Making the report …</p>}
      {data && <Summary report={data} zone={zone} />}
      {data && <WholeReport path={path} name={`${site.id}-${month}.html`} />}
    </section>
  );
}

function WholeReport({ path, name }: { path: string; name: string }) {
  const [state, setState] = useState<{ busy: "open" | "save" | null; done: string | null; error: unknown }>(QUIET);
  const run = async (busy: "open" | "save", get: () => Promise<string | null>) => {
    setState({ ...QUIET, busy });
    try {
      setState({ ...QUIET, done: await get() });
    } catch (error) {
      setState({ ...QUIET, error });
    }
  };
  const open = () => openFile(path, "text/html").then(() => null);
  const save = () => saveFile(path, "text/html", name);
  return (
    <div class="export">
      <div class="row">
        <Button kind="primary" busy={state.busy === "open"} onClick={() => run("open", open)}>
          Open the whole report
        </Button>
        <Button busy={state.busy === "save"} onClick={() => run("save", save)}>
          Save it
        </Button>
      </div>
      <p class="hint">One HTML file with curves, made to be printed or sent on.</p>
      {state.done && <Notice kind="ok">Saved as {state.done}.</Notice>}
      {state.error !== null && <ErrorNotice error={state.error} title="There is no report to see." />}
    </div>
  );
}

const QUIET = { busy: null, done: null, error: null };

interface Row {
  what: string;
  unit: string;
  digits?: number;
  of: (account: Account) => number | null;
}

/** Stands for the currency of the site. */
const CURRENCY = "";

const ROWS: Row[] = [
  { what: "Highest import, over 15 min", unit: "kW", of: ({ peak_kw }) => peak_kw },
  { what: "Energy charged", unit: "kWh", of: ({ energy_kwh }) => energy_kwh },
  { what: "Cost of energy", unit: CURRENCY, of: ({ energy_cost }) => energy_cost },
  { what: "Cost of the peak", unit: CURRENCY, of: ({ demand_cost }) => demand_cost },
  { what: "Cost together", unit: CURRENCY, of: ({ cost }) => cost },
  { what: "Above a limit", unit: "min", digits: 0, of: ({ minutes_over_limit }) => minutes_over_limit },
];

function Summary({ report, zone }: { report: MonthReport; zone: string }) {
  const { savings, drivers } = report;
  const { charged, uncontrolled } = savings;
  const columns: Column<Row>[] = [
    { head: "What", names: true, cell: ({ what }) => what },
    { head: "As it was", numeric: true, cell: (row) => figure(row, charged, report.currency) },
    {
      head: "Uncontrolled",
      numeric: true,
      cell: (row) => (uncontrolled ? figure(row, uncontrolled, report.currency) : "–"),
    },
  ];
  return (
    <>
      {savings.known === 0 && <Notice kind="info">Nothing is on record of this month.</Notice>}
      {!report.over && savings.known > 0 && <Notice kind="info">This month goes on; these are its days so far.</Notice>}
      <section class="card" aria-labelledby="savings-title">
        <h3 id="savings-title">What controlled charging brought</h3>
        <p>
          {savings.lowered_peak_kw !== null && (
            <>
              The peak was <strong>{compared(savings.lowered_peak_kw, "kW")}</strong>
              {savings.saved_cost !== null ? ", the cost " : "."}
            </>
          )}
          {savings.saved_cost !== null && (
            <>
              <strong>{compared(savings.saved_cost, report.currency ?? "", 2)}</strong>
              {report.currency ? "." : ", in the currency of your prices."}
            </>
          )}
          {uncontrolled === null && "No session is on record to compare with."}
        </p>
        <Table
          caption="Beside uncontrolled charging"
          columns={columns}
          rows={ROWS}
          rowKey={({ what }) => what}
          empty=""
        />
        <p class="hint">{number(savings.known * 100, 0)} % of the time is on record.</p>
        <details>
          <summary>How it is compared, and what is left out</summary>
          <ul class="remarks">
            {savings.left_out.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </details>
      </section>
      <section class="card" aria-labelledby="drivers-title">
        <h3 id="drivers-title">Drivers</h3>
        <p>
          {drivers.served_share === null ? (
            "Nobody left in this month."
          ) : (
            <>
              <strong>{number(drivers.served_share * 100, 1)} %</strong> of {drivers.visits} sessions left with what was
              needed ({drivers.told} had told it); they took {number(drivers.energy_kwh)} kWh, and{" "}
              <strong>{number(drivers.short_kwh)} kWh</strong> were missed.
            </>
          )}
        </p>
        <Table
          caption="Who left short, the most first"
          columns={missedColumns(zone)}
          rows={report.missed}
          rowKey={({ evse_uid, arrival }) => `${evse_uid} ${arrival}`}
          empty="Nobody left short."
        />
        {report.missed_more > 0 && <p class="hint">And {report.missed_more} more.</p>}
      </section>
      <section class="card" aria-labelledby="curtailments-title">
        <h3 id="curtailments-title">Curtailments</h3>
        <Table
          caption="Curtailments of the grid operator"
          columns={curtailmentColumns(zone)}
          rows={report.curtailments}
          rowKey={({ signal_id }) => signal_id}
          empty="There were none."
        />
      </section>
    </>
  );
}

function figure(row: Row, account: Account, currency: string | null) {
  const value = row.of(account);
  if (row.unit !== CURRENCY)
    return <Quantity value={value} unit={row.unit} {...(row.digits !== undefined && { digits: row.digits })} />;
  return value === null ? "no price" : <Quantity value={value} unit={currency ?? ""} digits={2} />;
}

function compared(less: number, unit: string, digits?: number): string {
  const size = `${number(Math.abs(less), digits)}${unit && ` ${unit}`}`;
  if (less === 0) return "the same";
  return less > 0 ? `${size} lower` : `${size} higher`;
}

function missedColumns(zone: string): Column<MonthReport["missed"][number]>[] {
  return [
    { head: "EVSE", names: true, cell: ({ evse_uid }) => evse_uid },
    { head: "When", cell: ({ arrival, departure }) => <Span start={arrival} end={departure} zone={zone} /> },
    { head: "Short", numeric: true, cell: ({ short_kwh }) => <Quantity value={short_kwh} unit="kWh" /> },
    {
      head: "Needed",
      numeric: true,
      cell: ({ needs_kwh, told }) => (
        <>
          <Quantity value={needs_kwh} unit="kWh" none="unknown" />
          {needs_kwh !== null && <small class="muted"> {told ? "told" : "believed"}</small>}
        </>
      ),
    },
    { head: "Why", cell: ({ why }) => why.join("; ") || "–" },
  ];
}

function curtailmentColumns(zone: string): Column<MonthReport["curtailments"][number]>[] {
  return [
    { head: "Signal", names: true, cell: ({ signal_id }) => signal_id },
    { head: "Of", cell: ({ node }) => nodeName(node) },
    { head: "When", cell: ({ start, end }) => <Span start={start} end={end} zone={zone} /> },
    { head: "Limit", numeric: true, cell: ({ limit_kw }) => <Quantity value={limit_kw} unit="kW" /> },
    {
      head: "Obeyed",
      cell: ({ obeyed_at, reaction_s, cancelled_at }) => (
        <>
          {obeyed_at ? <Time at={obeyed_at} zone={zone} style="both" /> : cancelled_at ? "taken back" : "not seen"}
          {reaction_s !== null && <small class="muted"> after {duration(reaction_s)}</small>}
        </>
      ),
    },
    { head: "Load before", numeric: true, cell: ({ load_before_kw }) => <Quantity value={load_before_kw} unit="kW" /> },
    { head: "Load after", numeric: true, cell: ({ load_after_kw }) => <Quantity value={load_after_kw} unit="kW" /> },
  ];
}
