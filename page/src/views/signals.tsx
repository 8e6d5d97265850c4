import { useRef, useState } from "preact/hooks";
import { send } from "../api.ts";
import { Button, Confirm, ErrorNotice, Notice, Quantity, Span, Time } from "../components/index.ts";
import { amperes, duration, kilowatts, number } from "../format.ts";
import { pathOf } from "../forms/place.ts";
import { inZone } from "../logic/clocks.ts";
import { useResource } from "../resource.ts";
import type { ViewProps } from "../site.ts";
import type { SignalAnswer, SiteHead } from "../types.ts";
import { nodeName } from "../verdict.ts";

const EVERY_MS = 5_000;

/** What grid operators asked for, what was answered, and what proves that it was done. */
export function SignalsView({ site, me, may, refresh }: ViewProps) {
  const { data, error, loading, reload } = useResource<SignalAnswer[]>(pathOf(site, "signals"), EVERY_MS);
  const [leaving, setLeaving] = useState<SignalAnswer | null>(null);
  const [state, setState] = useState<{ busy: boolean; error: unknown; done: string | null }>(QUIET);
  const after = useRef<HTMLDivElement>(null);
  const takeBack = async ({ signal_id }: SignalAnswer) => {
    setState({ ...QUIET, busy: true });
    try {
      await send("DELETE", pathOf(site, "signals", signal_id));
      setState({ ...QUIET, done: `Taken back: ${signal_id}. The site is being planned anew.` });
      await reload().catch(() => undefined);
      refresh();
    } catch (reason) {
      setState({ ...QUIET, error: reason });
    }
    setLeaving(null);
    requestAnimationFrame(() => after.current?.focus());
  };
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
      <div ref={after} tabIndex={-1}>
        {state.done && <Notice kind="ok">{state.done}</Notice>}
        {state.error !== null && <ErrorNotice error={state.error} title="Not taken back." />}
      </div>
      {newest.map((signal) => {
        const mine = signal.author === me?.principal;
        const open = signal.state === "planned" || signal.state === "active";
        const leave = mine && open && may("signal") ? () => setLeaving(signal) : null;
        return <Signal key={signal.signal_id} signal={signal} site={site} mine={mine} onLeave={leave} />;
      })}
      {leaving && (
        <Confirm
          title={`Take ${leaving.signal_id} back?`}
          problems={[askedBy(leaving, site)]}
          yes="Take it back"
          no="Keep it"
          busy={state.busy}
          onYes={() => takeBack(leaving)}
          onNo={() => setLeaving(null)}
        >
          <p>What holds without it is in force at once.</p>
        </Confirm>
      )}
    </section>
  );
}

const QUIET = { busy: false, error: null, done: null };

/** "Grid connection: no more than 40 A per phase (27.6 kW)". */
function askedBy({ node, limit_a }: SignalAnswer, { voltage_v }: SiteHead): string {
  return `${nodeName(node)}: no more than ${amperes(limit_a)} (${number(kilowatts(limit_a, voltage_v))} kW)`;
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

interface SignalProps {
  signal: SignalAnswer;
  site: SiteHead;
  mine: boolean;
  /** Null: it is not, or no longer, for this reader to take back. */
  onLeave: (() => void) | null;
}

function Signal({ signal, site, mine, onLeave }: SignalProps) {
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
          {askedBy(signal, site)}, <Span start={signal.start} end={signal.end} zone={zone} />
          {signal.reason && <>. Reason: {signal.reason}</>}
          {signal.author && <> ({mine ? "by you" : signal.author})</>}
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
      {onLeave && (
        <Button kind="danger" aria-label={`Take back ${signal.signal_id}`} onClick={onLeave}>
          Take back
        </Button>
      )}
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
