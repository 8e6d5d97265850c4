import { useRef, useState } from "preact/hooks";
import { send } from "../api.ts";
import { Button, type Column, Confirm, ErrorNotice, Notice, SelectField, Span, Table } from "../components/index.ts";
import { amperes, number } from "../format.ts";
import { BaseForm } from "../forms/BaseForm.tsx";
import { limitInBoth } from "../forms/LimitFields.tsx";
import { OverrideForm } from "../forms/OverrideForm.tsx";
import { type LimitsPlace, pathOf } from "../forms/place.ts";
import { WeeklyForm } from "../forms/WeeklyForm.tsx";
import { overrideText } from "../logic/override_typed.ts";
import { begins, standing } from "../logic/overrides.ts";
import { toldRule } from "../logic/weekly.ts";
import { useResource } from "../resource.ts";
import { href, navigate } from "../router.ts";
import type { ViewProps } from "../site.ts";
import type { Cap, Limits, NodeNow, Override } from "../types.ts";
import { because, next, nodeName } from "../verdict.ts";

const EVERY_MS = 15_000;

/** What the grid connection or a feeder bears: always, by the week, and for a while. */
export function LimitsView({ site, picture, may, query, refresh }: ViewProps) {
  const { data, etag, error, loading, reload } = useResource<Record<string, Limits>>(pathOf(site, "limits"), EVERY_MS);
  const wanted = query.get("node");
  const node = picture.nodes.find(({ id }) => id === wanted) ?? picture.nodes[0];
  if (!node) return null;
  const limits = data?.[node.id];
  const place = limits && {
    site,
    node: node.id,
    phases: node.phases,
    limits,
    etag,
    reload,
    at: picture.at,
    onSaved: refresh,
  };
  return (
    <section class="limits" aria-labelledby="limits-title">
      <h2 id="limits-title">Limits</h2>
      {picture.nodes.length > 1 && (
        <SelectField
          label="Of"
          value={node.id}
          options={picture.nodes.map(({ id }) => [id, nodeName(id)] as const)}
          onPick={(id) => navigate(href(site.id, "limits", { node: id }))}
        />
      )}
      <InForce node={node} zone={site.time_zone} />
      {error !== null && <ErrorNotice error={error} title="The limits could not be read." />}
      {error !== null && <Button onClick={() => reload().catch(() => undefined)}>Try again</Button>}
      {loading && <p class="hint">Reading the limits …</p>}
      {place && (may("control") ? <Editable key={node.id} place={place} /> : <ReadOnly place={place} />)}
    </section>
  );
}

function InForce({ node, zone }: { node: NodeNow; zone: string }) {
  const coming = next(node, zone);
  return (
    <p class="in-force">
      In force now: <strong>{amperes(node.limit_a)}</strong> ({number(node.limit_kw)} kW), by the{" "}
      {because(node.source, zone)}.{coming && ` Then ${coming}.`}
    </p>
  );
}

function Editable({ place }: { place: LimitsPlace }) {
  return (
    <>
      <section class="card" aria-labelledby="base-title">
        <h3 id="base-title">Base limit</h3>
        <p class="hint">Holds whenever nothing below does.</p>
        <BaseForm place={place} />
      </section>
      <section class="card" aria-labelledby="overrides-title">
        <h3 id="overrides-title">Overrides</h3>
        <p class="hint">From then to then; an override stands in for the base limit and the calendar.</p>
        <Overrides place={place} editable />
        <h4>Add an override</h4>
        <OverrideForm place={place} />
      </section>
      <section class="card" aria-labelledby="weekly-title">
        <h3 id="weekly-title">Weekly calendar</h3>
        <p class="hint">Other limits at hours that come again each week, in the site's time, {place.site.time_zone}.</p>
        <WeeklyForm place={place} />
      </section>
      <Caps place={place} />
    </>
  );
}

function ReadOnly({ place }: { place: LimitsPlace }) {
  const { limits, phases, site } = place;
  const text = (limit: Parameters<typeof limitInBoth>[0]) => limitInBoth(limit, phases, site.voltage_v);
  return (
    <>
      <Notice kind="info">You may look at these limits; to change them you need the right to control this site.</Notice>
      <section class="card" aria-labelledby="base-title">
        <h3 id="base-title">Base limit</h3>
        <p>{text(limits.base)}</p>
      </section>
      <section class="card" aria-labelledby="overrides-title">
        <h3 id="overrides-title">Overrides</h3>
        <Overrides place={place} editable={false} />
      </section>
      <section class="card" aria-labelledby="weekly-title">
        <h3 id="weekly-title">Weekly calendar</h3>
        {!limits.weekly.length && <p class="empty">There are no rules: every hour of the week is the same.</p>}
        <ul class="remarks">
          {limits.weekly.map((rule) => (
            <li key={toldRule(rule)}>
              {toldRule(rule)}: {text(rule)}
            </li>
          ))}
        </ul>
      </section>
      <Caps place={place} />
    </>
  );
}

function Overrides({ place, editable }: { place: LimitsPlace; editable: boolean }) {
  const { site, phases, limits } = place;
  const now = Date.parse(place.at);
  const [leaving, setLeaving] = useState<Override | null>(null);
  const [state, setState] = useState<{ busy: boolean; error: unknown; done: string | null }>(QUIET);
  const after = useRef<HTMLDivElement>(null);
  const rows = limits.overrides
    .filter((each) => standing(each, now) !== "over")
    .sort((one, other) => begins(one) - begins(other));
  const remove = async (override: Override) => {
    setState({ ...QUIET, busy: true });
    try {
      await send("DELETE", pathOf(site, "limits", place.node, "overrides", override.id));
      await place.reload();
      place.onSaved();
      setState({
        ...QUIET,
        done: `Removed: ${overrideText(override, site.time_zone)}. The site is being planned anew.`,
      });
    } catch (error) {
      setState({ ...QUIET, error });
    }
    setLeaving(null);
    requestAnimationFrame(() => after.current?.focus());
  };
  const columns: Column<Override>[] = [
    { head: "When", names: true, cell: (each) => <Span start={each.start} end={each.end} zone={site.time_zone} /> },
    { head: "Limit", cell: (each) => limitInBoth(each, phases, site.voltage_v) },
    { head: "Why", cell: (each) => each.reason ?? "–" },
    { head: "By", cell: (each) => each.author ?? "–" },
    { head: "State", cell: (each) => (standing(each, now) === "now" ? "in force" : "to come") },
  ];
  if (editable) {
    columns.push({
      head: "Change",
      cell: (each) => (
        <Button
          kind="danger"
          aria-label={`Remove the override of ${overrideText(each, site.time_zone)}`}
          onClick={() => setLeaving(each)}
        >
          Remove
        </Button>
      ),
    });
  }
  return (
    <>
      <Table caption="Overrides" columns={columns} rows={rows} rowKey={({ id }) => id} empty="There are none." />
      <div ref={after} tabIndex={-1}>
        {state.done && <Notice kind="ok">{state.done}</Notice>}
        {state.error !== null && <ErrorNotice error={state.error} title="Not removed." />}
      </div>
      {leaving && (
        <Confirm
          title="Remove this override?"
          problems={[overrideText(leaving, site.time_zone)]}
          yes="Remove it"
          no="Keep it"
          busy={state.busy}
          onYes={() => remove(leaving)}
          onNo={() => setLeaving(null)}
        >
          <p>What holds without it is in force at once.</p>
        </Confirm>
      )}
    </>
  );
}

const QUIET = { busy: false, error: null, done: null };

function Caps({ place }: { place: LimitsPlace }) {
  const { site, phases, limits } = place;
  const now = Date.parse(place.at);
  const rows = limits.caps.filter((each) => standing(each, now) !== "over");
  const columns: Column<Cap>[] = [
    { head: "Signal", names: true, cell: (each) => each.signal_id },
    { head: "When", cell: (each) => <Span start={each.start} end={each.end} zone={site.time_zone} /> },
    { head: "No more than", cell: (each) => limitInBoth(each, phases, site.voltage_v) },
    { head: "Why", cell: (each) => each.reason ?? "–" },
  ];
  return (
    <section class="card" aria-labelledby="caps-title">
      <h3 id="caps-title">Curtailments of the grid operator</h3>
      <p class="hint">
        They only lower what holds otherwise, and are the grid operator's to change.{" "}
        <a href={href(site.id, "signals")}>How they were obeyed</a>
      </p>
      <Table
        caption="Curtailments to come and in force"
        columns={columns}
        rows={rows}
        rowKey={({ signal_id }) => signal_id}
        empty="There are none."
      />
    </section>
  );
}
