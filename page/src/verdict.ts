/** Is the site safe? In words, out of what the picture says. */

import { amperes, bound, number } from "./format.ts";
import type { LimitSource, NodeNow, Phase, Picture, SessionNow, State } from "./types.ts";
import { clock } from "./zone.ts";

export interface Verdict {
  state: State;
  title: string;
  text: string;
}

/** A phase of a node, by how much of its limit is used. */
export interface Tightest {
  node: NodeNow;
  phase: Phase;
  drawn: number;
  allowed: number;
  limit: number;
}

/** Less is nothing that anybody misses. */
const NOTICED_KWH = 0.05;

/** How the platform rounds currents: less above a limit is none. */
const SLACK_A = 0.05;

/** Where the most of a limit is used, by what may be drawn. */
export function tightest(nodes: readonly NodeNow[]): Tightest | undefined {
  const share = (each: Tightest) => each.allowed / Math.max(each.limit, SLACK_A);
  return all(nodes).reduce<Tightest | undefined>(
    (best, each) => (!best || share(each) > share(best) ? each : best),
    undefined,
  );
}

/**
 * The answer at a glance: limits first, then whether anybody should look.
 *
 * How bad it is, the platform says: for a moment after a limit was lowered, more is drawn, as it must be.
 */
export function verdict(picture: Picture): Verdict {
  const bad = picture.state === "alarm" ? "alarm" : "warning";
  const over = all(picture.nodes).filter(({ drawn, limit }) => drawn > limit + SLACK_A);
  if (over.length) {
    return {
      state: bad,
      title: bad === "alarm" ? "Above its limit" : "Coming down to its limit",
      text: `${over.map(({ node, phase, drawn, limit }) => `${nodeName(node.id)} ${phase} draws ${number(drawn)} A of ${bound(limit)} A`).join("; ")}.`,
    };
  }
  const may = all(picture.nodes).filter(({ allowed, limit }) => allowed > limit + SLACK_A);
  if (may.length) {
    return {
      state: bad,
      title: "Within its limit, but not held there",
      text: `${may.map(({ node, phase, allowed, limit }) => `${nodeName(node.id)} ${phase} may draw ${number(allowed)} A of ${bound(limit)} A`).join("; ")}. Decreases are on their way, or were not obeyed: see the alarms.`,
    };
  }
  const closest = tightest(picture.nodes);
  const held = closest
    ? `Even if every car took all it may, no phase would be above its limit; ${nodeName(closest.node.id)} ${closest.phase} would be closest, with ${number(closest.allowed)} A of ${bound(closest.limit)} A.`
    : "";
  if (picture.state === "alarm")
    return { state: "alarm", title: "Within its limit, but something is wrong", text: held };
  if (picture.state === "warning") return { state: "warning", title: "Within its limit, but have a look", text: held };
  return { state: "ok", title: "Safe", text: held };
}

/** "Grid connection", or the feeder's own id. */
export function nodeName(id: string): string {
  return id === "grid" ? "Grid connection" : id;
}

const SOURCES: Record<LimitSource["kind"], string> = {
  base: "base value",
  weekly: "weekly calendar",
  override: "override",
  cap: "grid operator's curtailment",
};

/** Why the limit is what it is, e.g. "override by jan@x: works, until 21:00". */
export function because(source: LimitSource, zone: string, now?: number): string {
  const by = source.author ? ` by ${source.author}` : "";
  const why = source.reason ? `: ${source.reason}` : "";
  const until = source.until ? `, until ${clock(source.until, zone, "short", now)}` : "";
  return `${SOURCES[source.kind]}${by}${why}${until}`;
}

/** What comes next, e.g. "50 A per phase from 17:00". */
export function next(node: NodeNow, zone: string, now?: number): string | null {
  if (!node.next_change) return null;
  return `${amperes(node.next_change.limit_a)} from ${clock(node.next_change.at, zone, "short", now)}`;
}

const PROFILES: Record<SessionNow["profile"], string | null> = {
  accepted: null,
  pending: "its profile was sent, the answer is awaited",
  doubtful: "its profile was not answered: it counts with the most it could draw",
  refused: "its profile was refused: it counts with the most it could draw",
  none: "it has no profile yet: it counts with the most it could draw",
};

/** What is to say of a session, most urgent first. */
export function remarks(session: SessionNow): string[] {
  const profile = session.refusal ? `${PROFILES.refused} (${session.refusal})` : PROFILES[session.profile];
  const short = isShort(session) ? `will leave ${number(session.short_kwh)} kWh short` : null;
  return [profile, short, ...session.why].filter((each) => each !== null);
}

/** What drivers will miss, all together: "3 of 14 sessions will leave short, by 12.4 kWh together." Null: nothing. */
export function shortage(sessions: readonly SessionNow[]): string | null {
  const short = sessions.filter(isShort);
  if (!short.length) return null;
  const [only] = short.length === 1 ? short : [];
  if (only) return `EVSE ${only.evse_uid} will leave ${number(only.short_kwh)} kWh short of what it needs.`;
  const missed = short.reduce((sum, { short_kwh }) => sum + short_kwh, 0);
  return `${short.length} of ${sessions.length} sessions will leave short of what they need, by ${number(missed)} kWh together.`;
}

/** Whether somebody should look at it. */
export function urgent(session: SessionNow): boolean {
  return session.profile === "refused" || session.profile === "doubtful" || isShort(session);
}

function isShort({ short_kwh }: SessionNow): boolean {
  return short_kwh >= NOTICED_KWH;
}

function all(nodes: readonly NodeNow[]): Tightest[] {
  return nodes.flatMap((node) =>
    node.phases.map((phase) => ({
      node,
      phase,
      drawn: node.drawn_a[phase] ?? 0,
      allowed: node.allowed_a[phase] ?? 0,
      limit: node.limit_a[phase] ?? 0,
    })),
  );
}
