import { Button, ErrorNotice, Quantity, Span, Time } from "../components/index.ts";
import { amperes, duration, kilowatts, number } from "../format.ts";
import { pathOf } from "../forms/place.ts";
import { inZone } from "../logic/clocks.ts";
import { useResource } from "../resource.ts";
import type { ViewProps } from "../site.ts";
import type { SignalAnswer, SiteHead } from "../types.ts";
import { nodeName } from "../verdict.ts";

const EVERY_MS = 5_000;

/** What grid operators asked for, what was answered, and what proves that it was done. */
export function SignalsView({ site }: ViewProps) {
  const { data, error, loading, reload } = useResource<SignalAnswer[]>(pathOf(site, "signals"), EVERY_MS);
  const newest = [...(data ?? [])].sort((one, other) => other.start.localeCompare(one.start));
  return (
    <section aria-labelledby="signals-title">
      <h2 id="signals-title">Grid signals</h2>
      <p class="hint">
        A grid operator may lower a limit for a time. Signals come in by the API with a right of their own; here you see
        what was asked, what was answered at once, and what was measured.
      </p>
      {error !== null && <ErrorNotice error={error} title="The signals could not be read." />}
      {error !== null && <Button onClick={() => reload().catch(() => undefined)}>Try again</Button>}
      {loading && <p class="empty">Reading the signals …</p>}
      {data && !data.length && <p class="empty">No grid operator has curtailed this site.</p>}
      {newest.map((signal) => (
        <Signal key={signal.signal_id} signal={signal} site={site} />
      ))}
    </section>
  );
}

const STATES: Record<SignalAnswer["state"], string> = {
  planned: "to come",
  active: "in force",
  ended: "over",
  cancelled: "taken back",
};

const BADGES: Record<SignalAnswer["state"], string> = {
  planned: "warning",
  active: "alarm",
  ended: "ok",
  cancelled: "ok",
};

function Signal({ signal, site }: { signal: SignalAnswer; site: SiteHead }) {
  const { proof } = signal;
  const zone = site.time_zone;
  const id = `signal-${signal.signal_id}`;
  return (
    <article class="card signal" aria-labelledby={id}>
      <h3 id={id}>
        {signal.signal_id} <span class={`badge ${BADGES[signal.state]}`}>{STATES[signal.state]}</span>
      </h3>
      <dl class="facts">
        <dt>Asked</dt>
        <dd>
          {nodeName(signal.node)}: no more than {amperes(signal.limit_a)} (
          {number(kilowatts(signal.limit_a, site.voltage_v))} kW),{" "}
          <Span start={signal.start} end={signal.end} zone={zone} />
          {signal.reason && <>. Reason: {signal.reason}</>}
          {signal.author && <> ({signal.author})</>}
        </dd>
        <dt>Answered</dt>
        <dd>
          {inZone(signal.will, zone)}; decreases sent by <Time at={signal.by} zone={zone} style="both" />
          {signal.warnings.map((warning) => (
            <p key={warning} class="error">
              {inZone(warning, zone)}
            </p>
          ))}
        </dd>
        <dt>Proof</dt>
        <dd>{proof ? <Proof proof={proof} zone={zone} /> : NOT_YET[signal.state]}</dd>
      </dl>
    </article>
  );
}

const NOT_YET: Record<SignalAnswer["state"], string> = {
  planned: "Comes once it has begun.",
  active: "Not within the limit yet: decreases are on their way, or others draw too much.",
  ended: "It was not seen to be obeyed.",
  cancelled: "It was taken back before.",
};

function Proof({ proof, zone }: { proof: NonNullable<SignalAnswer["proof"]>; zone: string }) {
  if (!proof.obeyed_at) return <>Not obeyed so far.</>;
  return (
    <>
      All that sessions may draw was within the limit at <Time at={proof.obeyed_at} zone={zone} style="both" />
      {proof.reaction_s !== null && <>, {duration(proof.reaction_s)} after it was to be</>}. Load before:{" "}
      <Quantity value={proof.load_before_kw} unit="kW" none="not on record" />, after:{" "}
      <Quantity value={proof.load_after_kw} unit="kW" none="not on record yet" />.
    </>
  );
}
