import { useMemo, useState } from "preact/hooks";
import { curvesOf } from "../charts/curves.ts";
import { LoadBar, LoadBarKeys } from "../charts/LoadBar.tsx";
import { LoadCharts } from "../charts/LoadCharts.tsx";
import { Choice, Notice, Quantity, Time } from "../components/index.ts";
import { amperes, perKwh } from "../format.ts";
import { spoken } from "../logic/pointers.ts";
import { useLast, usePolled } from "../polling.ts";
import { href } from "../router.ts";
import type { ViewProps } from "../site.ts";
import type { History, NodeNow, Phase, Picture, Planned } from "../types.ts";
import { because, next, nodeName, shortage, verdict } from "../verdict.ts";
import { usePlanned } from "./planned.ts";
import { SessionsTable } from "./sessions-table.tsx";

const PAST_EVERY_MS = 60_000;
const HOUR_S = 3600;
const SLOT_S = 300;

/** Hours before now and after it. */
const WINDOWS = { "12": [3, 9], "24": [6, 18], "36": [12, 24] } as const;
type Window = keyof typeof WINDOWS;

/** Is it safe? What is drawn, what may be, what comes; and below, why. */
export function LiveView({ site, picture }: ViewProps) {
  const [nodeId, setNodeId] = useState("grid");
  const planned = usePlanned(picture);
  const node = picture.nodes.find((each) => each.id === nodeId) ?? picture.nodes[0];
  if (!node) return <Notice kind="warning">This site has no grid connection.</Notice>;
  return (
    <>
      <Glance picture={picture} />
      <Alarms picture={picture} />
      <div class="live">
        <section class="card nodes" aria-labelledby="nodes-head">
          <div class="card-head">
            <h2 id="nodes-head">Limits</h2>
            <LoadBarKeys />
          </div>
          {picture.nodes.map((each) => (
            <NodeCard key={each.id} node={each} picture={picture} chosen={each.id === node.id} onChoose={setNodeId} />
          ))}
        </section>
        <LoadCard node={node} picture={picture} planned={planned} />
      </div>
      <section class="card" aria-labelledby="sessions-head">
        <div class="card-head">
          <h2 id="sessions-head">Sessions</h2>
          <a href={href(site.id, "sessions")}>Those that left</a>
        </div>
        <SessionsTable picture={picture} planned={planned} />
      </section>
    </>
  );
}

function Glance({ picture }: { picture: Picture }) {
  const { state, title, text } = verdict(picture);
  const { site, plan } = picture;
  const short = shortage(picture.sessions);
  return (
    <section class={`card glance ${state}`} aria-labelledby="glance-head">
      <p class="visually-hidden" role="status">
        {site.name ?? site.id}: {title}
      </p>
      <div class="verdict">
        <h2 id="glance-head">{title}</h2>
        <p>{text}</p>
        {short && <p>{short}</p>}
      </div>
      <dl class="figures">
        <Figure name="Draws">
          <Quantity value={picture.drawn_kw} unit="kW" />
        </Figure>
        <Figure name="May draw">
          <Quantity value={picture.allowed_kw} unit="kW" />
        </Figure>
        <Figure name="Limit">
          <Quantity value={picture.limit_kw} unit="kW" />
        </Figure>
        <Figure name="Sessions">{picture.sessions.length}</Figure>
        {picture.price_per_kwh !== null && (
          <Figure name="Price">
            <Quantity value={picture.price_per_kwh} unit={perKwh(site.currency)} digits={3} />
          </Figure>
        )}
        {picture.pv_kw > 0 && (
          <Figure name="Solar power">
            <Quantity value={picture.pv_kw} unit="kW" />
          </Figure>
        )}
        <Figure name="Planned">{plan ? <Time at={plan.at} zone={site.time_zone} /> : "not yet"}</Figure>
      </dl>
    </section>
  );
}

function Figure({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Alarms({ picture }: { picture: Picture }) {
  const { alarms, plan, site } = picture;
  const warnings = plan?.warnings ?? [];
  if (!alarms.length && !warnings.length) return null;
  const order = alarms.toSorted((a, b) => a.severity.localeCompare(b.severity));
  return (
    <div class="alarms">
      {order.map(({ kind, severity, text, since }) => (
        <Notice key={kind + text} kind={severity}>
          {text}
          {since && (
            <span class="muted">
              {" "}
              · since <Time at={since} zone={site.time_zone} />
            </span>
          )}
        </Notice>
      ))}
      {warnings
        .filter((text) => !alarms.some((alarm) => alarm.text === text))
        .map((text) => (
          <Notice key={text} kind="info">
            {spoken(text, picture.nodes)}
          </Notice>
        ))}
    </div>
  );
}

interface NodeProps {
  node: NodeNow;
  picture: Picture;
  chosen: boolean;
  onChoose: (id: string) => void;
}

function NodeCard({ node, picture, chosen, onChoose }: NodeProps) {
  const { time_zone: zone } = picture.site;
  const now = Date.parse(picture.at);
  const change = next(node, zone, now);
  const most = Math.max(...[node.drawn_a, node.allowed_a].flatMap((amperes) => Object.values(amperes)));
  return (
    <article class={`node ${chosen ? "chosen" : ""}`}>
      <h3>
        {picture.nodes.length > 1 ? (
          <button type="button" aria-pressed={chosen} onClick={() => onChoose(node.id)}>
            {nodeName(node.id)}
          </button>
        ) : (
          nodeName(node.id)
        )}
        <span class="muted"> {amperes(node.limit_a)}</span>
      </h3>
      {node.phases.map((phase) => (
        <LoadBar
          key={phase}
          name={phase}
          base={node.base_load_a[phase] ?? 0}
          drawn={node.drawn_a[phase] ?? 0}
          allowed={node.allowed_a[phase] ?? 0}
          limit={node.limit_a[phase] ?? 0}
          unit="A"
          most={most}
        />
      ))}
      <p class="why">
        {because(node.source, zone, now)}
        {change && <strong> → {change}</strong>}
      </p>
    </article>
  );
}

interface LoadProps {
  node: NodeNow;
  picture: Picture;
  planned: Planned | undefined;
}

function LoadCard({ node, picture, planned }: LoadProps) {
  const { site, at } = picture;
  const [window, setWindow] = useState<Window>("12");
  const [phase, setPhase] = useState<Phase | "all">("all");
  const [back, ahead] = WINDOWS[window];
  const now = Math.floor(Date.parse(at) / 1000);
  const slot = now - (now % SLOT_S);
  const from = new Date((slot - back * HOUR_S) * 1000).toISOString();
  const path = `/sites/${encodeURIComponent(site.id)}/history?from=${encodeURIComponent(from)}&step=${SLOT_S}`;
  const past = useLast(usePolled<History>(path, PAST_EVERY_MS).data);
  const curves = useMemo(
    () =>
      curvesOf(node.id, node.phases, past, planned, {
        from: now - back * HOUR_S,
        now,
        until: now + ahead * HOUR_S,
      }),
    [node.id, node.phases, past, planned, now, back, ahead],
  );
  const phases = phase !== "all" && node.phases.includes(phase) ? [phase] : node.phases;
  return (
    <section class="card load" aria-labelledby="load-head">
      <div class="card-head">
        <h2 id="load-head">{nodeName(node.id)}: load and limit</h2>
        <div class="choices">
          {node.phases.length > 1 && (
            <Choice
              label="Phases"
              value={phases.length === 1 ? phase : "all"}
              options={[["all", "All phases"], ...node.phases.map((each) => [each, each] as const)]}
              onPick={setPhase}
            />
          )}
          <Choice
            label="Time"
            value={window}
            options={[
              ["12", "12 h"],
              ["24", "24 h"],
              ["36", "36 h"],
            ]}
            onPick={setWindow}
          />
        </div>
      </div>
      <LoadCharts
        title={nodeName(node.id)}
        curves={curves}
        phases={phases}
        zone={site.time_zone}
        currency={site.currency}
      />
    </section>
  );
}
