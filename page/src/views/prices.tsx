import { useRef, useState } from "preact/hooks";
import { send } from "../api.ts";
import { type Colour, Plot } from "../charts/Plot.tsx";
import { Button, Confirm, ErrorNotice, Notice, Quantity, SelectField } from "../components/index.ts";
import { perKwh } from "../format.ts";
import { PriceForm } from "../forms/PriceForm.tsx";
import { pathOf } from "../forms/place.ts";
import { UploadForm } from "../forms/UploadForm.tsx";
import { short } from "../logic/numbers.ts";
import { linesOf } from "../logic/prices_typed.ts";
import { KIND_NAMES, unitOf } from "../logic/upload_typed.ts";
import { usePlatformNow } from "../polling.ts";
import { useResource } from "../resource.ts";
import type { ViewProps } from "../site.ts";
import type { NodeNow, Prices, SeriesKind, SeriesStep, SiteHead } from "../types.ts";
import { nodeName } from "../verdict.ts";
import { addDays, clock, dayOf, startOfDay } from "../zone.ts";

/** What energy costs, and forecasts of base load and solar power. */
export function PricesView({ site, picture, may, refresh }: ViewProps) {
  const { data, etag, error, loading, reload } = useResource<Prices>(pathOf(site, "prices"));
  const [uploads, setUploads] = useState(0);
  return (
    <section aria-labelledby="prices-title">
      <h2 id="prices-title">Prices and forecasts</h2>
      {picture.price_per_kwh !== null && (
        <p>
          Now: <Quantity value={picture.price_per_kwh} unit={perKwh(site.currency)} digits={3} />.
        </p>
      )}
      {!may("control") && (
        <Notice kind="info">
          You may look at these prices; to change them you need the right to control this site.
        </Notice>
      )}
      <section class="card" aria-labelledby="known-title">
        <h3 id="known-title">Uploaded</h3>
        <Known key={uploads} site={site} nodes={picture.nodes} onRemoved={may("control") ? refresh : null} />
      </section>
      {may("control") && (
        <section class="card" aria-labelledby="upload-title">
          <h3 id="upload-title">Upload</h3>
          <p class="hint">
            Day-ahead prices and forecasts stand in for what is set below, for the days that they are of.
          </p>
          <UploadForm
            site={site}
            nodes={picture.nodes}
            onSaved={() => {
              setUploads((count) => count + 1);
              refresh();
            }}
          />
        </section>
      )}
      <section class="card" aria-labelledby="own-title">
        <h3 id="own-title">Of the site</h3>
        <p class="hint">What holds where nothing was uploaded.</p>
        {error !== null && <ErrorNotice error={error} title="The prices could not be read." />}
        {error !== null && <Button onClick={() => reload().catch(() => undefined)}>Try again</Button>}
        {loading && <p class="empty">Reading the prices …</p>}
        {data && may("control") && (
          <PriceForm site={site} prices={data} etag={etag} reload={reload} onSaved={refresh} />
        )}
        {data && !may("control") && (
          <ul class="remarks">
            {linesOf(data).map(({ label, text }) => (
              <li key={label}>
                {label}: {text}
              </li>
            ))}
          </ul>
        )}
      </section>
    </section>
  );
}

const COLOURS: Record<SeriesKind, Colour> = { price: "price", feed_in: "price", base_load_kw: "base", pv_kw: "pv" };

interface KnownProps {
  site: SiteHead;
  nodes: readonly NodeNow[];
  /** Null: it is not for this reader to take back. */
  onRemoved: (() => void) | null;
}

/** What was uploaded of today and tomorrow. */
function Known({ site, nodes, onRemoved }: KnownProps) {
  const [kind, setKind] = useState<SeriesKind>("price");
  const [node, setNode] = useState("grid");
  const now = usePlatformNow(60_000);
  const zone = site.time_zone;
  const today = dayOf(now, zone);
  const span = { from: startOfDay(today, zone), until: startOfDay(addDays(today, 2), zone) };
  const ofNode = kind === "base_load_kw" && node !== "grid";
  const place: Record<string, string> = ofNode ? { node } : {};
  const path = pathOf(site, "series", kind);
  const { data, error, loading, reload } = useResource<SeriesStep[]>(
    `${path}?${new URLSearchParams({ ...span, ...place })}`,
  );
  const coming = data?.some(({ end }) => Date.parse(end) > now);
  return (
    <>
      <div class="row">
        <SelectField
          label="What"
          value={kind}
          options={Object.entries(KIND_NAMES) as [SeriesKind, string][]}
          onPick={setKind}
        />
        {kind === "base_load_kw" && nodes.length > 1 && (
          <SelectField
            label="Of"
            value={node}
            options={nodes.map(({ id }) => [id, nodeName(id)] as const)}
            onPick={setNode}
          />
        )}
      </div>
      {error !== null && <ErrorNotice error={error} title="It could not be read." />}
      {loading && <p class="empty">Reading …</p>}
      {data && !data.length && <p class="empty">Nothing was uploaded of today and tomorrow.</p>}
      {data && data.length > 0 && <Curve steps={data} kind={kind} zone={zone} now={now} />}
      {onRemoved && (
        <TakeBack
          key={`${kind} ${node}`}
          path={ofNode ? `${path}?${new URLSearchParams(place)}` : path}
          what={ofNode ? `${KIND_NAMES[kind]} of ${node}` : KIND_NAMES[kind]}
          offered={coming ?? false}
          onRemoved={async () => {
            await reload().catch(() => undefined);
            onRemoved();
          }}
        />
      )}
    </>
  );
}

interface TakeBackProps {
  path: string;
  what: string;
  /** Whether there is anything to take back. */
  offered: boolean;
  onRemoved: () => Promise<void>;
}

/** An upload that was wrong, and of which there is no better one. */
function TakeBack({ path, what, offered, onRemoved }: TakeBackProps) {
  const [asking, setAsking] = useState(false);
  const [state, setState] = useState<{ busy: boolean; error: unknown; done: boolean }>(QUIET);
  const after = useRef<HTMLDivElement>(null);
  const remove = async () => {
    setState({ ...QUIET, busy: true });
    try {
      await send("DELETE", path);
      await onRemoved();
      setState({ ...QUIET, done: true });
    } catch (error) {
      setState({ ...QUIET, error });
    }
    setAsking(false);
    requestAnimationFrame(() => after.current?.focus());
  };
  return (
    <>
      {offered && (
        <Button kind="danger" onClick={() => setAsking(true)}>
          Take it back
        </Button>
      )}
      <div ref={after} tabIndex={-1}>
        {state.done && <Notice kind="ok">Taken back: {what}. The site is being planned anew.</Notice>}
        {state.error !== null && <ErrorNotice error={state.error} title="Not taken back." />}
      </div>
      {asking && (
        <Confirm
          title={`${what}: take the upload back?`}
          yes="Yes, take it back"
          no="Keep it"
          busy={state.busy}
          onYes={remove}
          onNo={() => setAsking(false)}
        >
          <p>From now on what is set for the site counts again, until something else is uploaded.</p>
        </Confirm>
      )}
    </>
  );
}

const QUIET = { busy: false, error: null, done: false };

function Curve({ steps, kind, zone, now }: { steps: SeriesStep[]; kind: SeriesKind; zone: string; now: number }) {
  const last = steps.at(-1);
  if (!last) return null;
  const [times, values] = withGaps(steps);
  const least = steps.reduce((best, each) => (each.value < best.value ? each : best));
  const most = steps.reduce((best, each) => (each.value > best.value ? each : best));
  const at = (step: SeriesStep) => clock(step.start, zone, "both");
  const words = `${KIND_NAMES[kind]} until ${clock(last.end, zone, "both")}: from ${short(least.value)} ${unitOf(kind)} (${at(least)}) to ${short(most.value)} (${at(most)}).`;
  return (
    <figure>
      <Plot
        times={times}
        lines={[{ label: KIND_NAMES[kind], colour: COLOURS[kind], values, fill: 0.2 }]}
        zone={zone}
        height={160}
        label={words}
        title={`${KIND_NAMES[kind]} (${unitOf(kind)})`}
        now={now / 1000}
      />
      <figcaption>{words}</figcaption>
    </figure>
  );
}

/** Each step holds until its end; where the next one does not begin there, nothing is known. */
function withGaps(steps: readonly SeriesStep[]): [number[], (number | null)[]] {
  const times: number[] = [];
  const values: (number | null)[] = [];
  steps.forEach((step, index) => {
    times.push(Date.parse(step.start) / 1000);
    values.push(step.value);
    const next = steps[index + 1];
    if (next?.start === step.end) return;
    times.push(Date.parse(step.end) / 1000);
    values.push(next ? null : step.value);
  });
  return [times, values];
}
