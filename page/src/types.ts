/** What the energy API says, field by field. Times are ISO 8601 in UTC; currents are ampere per phase. */

export type Phase = "L1" | "L2" | "L3";
export type Amperes = Partial<Record<Phase, number>>;
export type Right = "read" | "control" | "signal";

export interface Me {
  principal: string;
  name: string | null;
  scopes: string[];
  /** The rights by site; "*" means every site. */
  sites: Record<string, Right[]>;
  may_create: boolean;
}

export type State = "ok" | "warning" | "alarm";

export interface SiteSummary {
  id: string;
  name: string | null;
  time_zone: string;
  state: State;
  alarms: number;
  /** Null, as the others are, if the site's description cannot be read. */
  limit_kw: number | null;
  drawn_kw: number | null;
  allowed_kw: number | null;
  sessions: number;
}

export interface SiteHead {
  id: string;
  name: string | null;
  time_zone: string;
  voltage_v: number;
  phases: Phase[];
  /** That of prices, such as EUR; null: the site does not say. */
  currency: string | null;
}

export interface LimitSource {
  kind: "base" | "weekly" | "override" | "cap";
  id: string | null;
  reason: string | null;
  author: string | null;
  until: string | null;
}

/** The grid connection (`grid`, without a parent) or a feeder. What is drawn and allowed is base load and EVs. */
export interface NodeNow {
  id: string;
  parent: string | null;
  phases: Phase[];
  limit_a: Amperes;
  limit_kw: number;
  source: LimitSource;
  base_load_a: Amperes;
  drawn_a: Amperes;
  allowed_a: Amperes;
  next_change: { at: string; limit_a: Amperes } | null;
}

export interface Rate {
  value: number;
  unit: "A" | "W";
}

export interface SessionNow {
  id: string;
  session_id: string;
  evse_uid: string;
  node: string;
  phases: Phase[];
  dc: boolean;
  since: string | null;
  energy_kwh: number;
  /** By its meter, as told at `metered_at`, and never more than its profile allows now. */
  drawn_kw: number;
  /** The most that it may draw, whatever is answered. */
  allowed_kw: number;
  metered_at: string | null;
  /** By the profile that it obeys; null: it has none. */
  allowed: Rate | null;
  planned: Rate | null;
  departure: string | null;
  /** Still. */
  needs_kwh: number | null;
  short_kwh: number;
  why: string[];
  priority: number;
  profile: "accepted" | "pending" | "doubtful" | "refused" | "none";
  refusal: string | null;
}

export interface Alarm {
  kind: string;
  severity: "warning" | "alarm";
  text: string;
  since?: string | null;
}

/** A site as it is right now. */
export interface Picture {
  site: SiteHead;
  at: string;
  state: State;
  alarms: Alarm[];
  nodes: NodeNow[];
  drawn_kw: number;
  allowed_kw: number;
  limit_kw: number;
  price_per_kwh: number | null;
  pv_kw: number;
  sessions: SessionNow[];
  plan: { at: string; solver: string; failures: string[]; warnings: string[]; overloads: object[] } | null;
  run: { at: string; reason: string } | null;
}

export type ByPhase<T> = Partial<Record<Phase, T>>;

/** The next 24 hours; every list has one value for each of `times`. */
export interface Planned {
  step_s: number;
  times: string[];
  nodes: Record<string, { limit_a: ByPhase<number[]>; base_a: ByPhase<number[]>; ev_a: ByPhase<number[]> }>;
  price_per_kwh: (number | null)[];
  pv_kw: number[];
  sessions: Record<string, number[]>;
}

/** What was; a gap is null. */
export interface History {
  step_s: number;
  times: string[];
  nodes: Record<
    string,
    {
      limit_a: ByPhase<(number | null)[]>;
      base_a: ByPhase<(number | null)[]>;
      ev_a: ByPhase<(number | null)[]>;
      allowed_a: ByPhase<(number | null)[]>;
    }
  >;
  price_per_kwh: (number | null)[];
  pv_kw: (number | null)[];
  sessions: (number | null)[];
}

export type DayOfWeek = "MONDAY" | "TUESDAY" | "WEDNESDAY" | "THURSDAY" | "FRIDAY" | "SATURDAY" | "SUNDAY";

/** Exactly one of the two. */
export interface Limit {
  limit_a?: Amperes | null;
  limit_kw?: number | null;
}

/** In the site's time. No days: every day. An end not after the start is on the next day. */
export interface WeeklyTime {
  day_of_week?: DayOfWeek[];
  start_time: string;
  end_time: string;
}

export type WeeklyLimit = WeeklyTime & Limit;

export interface Override extends Limit {
  id: string;
  start: string | null;
  end: string | null;
  reason: string | null;
  author: string | null;
}

export interface Cap extends Limit {
  signal_id: string;
  start: string;
  end: string;
  reason: string | null;
  author: string | null;
}

export interface Limits {
  base: Limit;
  weekly: WeeklyLimit[];
  overrides: Override[];
  caps: Cap[];
}

export type WeeklyPrice = { base: number; weekly: (WeeklyTime & { value: number })[] };
export type PriceSeries = number | number[] | WeeklyPrice;

export interface Prices {
  price_per_kwh: PriceSeries | null;
  feed_in_per_kwh: PriceSeries | null;
  demand_charge: { price_per_kw: number; peak_kw: number } | null;
}

export type SeriesKind = "price" | "feed_in" | "base_load_kw" | "pv_kw";

/** A session that is over. */
export interface VisitRecord {
  id: string;
  session_id: string;
  evse_uid: string;
  node: string;
  phases: Phase[];
  dc: boolean;
  arrival: string;
  departure: string;
  energy_kwh: number;
  max_kw: number;
  needs_kwh: number | null;
  /** Whether the driver told it, or it is what we believed. */
  told: boolean;
  short_kwh: number;
  why: string[];
}

/** Something that happened; of edits with what it was before and after, as JSON. */
export interface SiteEvent {
  at: string;
  kind: string;
  author: string | null;
  text: string;
  reason: string | null;
  before: string | null;
  after: string | null;
  /** What it is about: a node, a session, a signal. */
  subject: string;
}

export interface SignalAnswer {
  signal_id: string;
  state: "planned" | "active" | "ended" | "cancelled";
  node: string;
  limit_a: Amperes;
  start: string;
  end: string;
  will: string;
  by: string;
  warnings: string[];
  reason?: string | null;
  author?: string | null;
  proof?: {
    obeyed_at: string | null;
    reaction_s: number | null;
    load_before_kw: number | null;
    load_after_kw: number | null;
  } | null;
}

/** `/energy/config.json`; without `sign_in` the page takes its token out of its own address. */
export interface Config {
  api: string;
  sign_in: {
    authorize_url: string;
    token_url: string;
    revoke_url: string;
    logout_url: string;
    client_id: string;
    scopes: string[];
  } | null;
}

/** One way of charging: what it took from the grid connection, and what that cost in the currency of the prices. */
export interface Account {
  energy_kwh: number;
  peak_kw: number;
  peak_at: string | null;
  energy_cost: number | null;
  demand_cost: number | null;
  cost: number | null;
  minutes_over_limit: number;
}

export interface Savings {
  start: string;
  end: string;
  visits: number;
  /** The part of the time that is on record, 0 to 1. */
  known: number;
  charged: Account;
  uncontrolled: Account | null;
  lowered_peak_kw: number | null;
  saved_cost: number | null;
  left_out: string[];
}

export interface MonthReport {
  site_id: string;
  name: string;
  month: string;
  /** Whether the month has come to its end. */
  over: boolean;
  time_zone: string;
  currency: string | null;
  made_at: string;
  savings: Savings;
  drivers: {
    visits: number;
    told: number;
    served: number;
    served_share: number | null;
    energy_kwh: number;
    short_kwh: number;
  };
  curtailments: {
    signal_id: string;
    node: string;
    start: string;
    end: string;
    limit_kw: number;
    reason: string | null;
    obeyed_at: string | null;
    reaction_s: number | null;
    load_before_kw: number | null;
    load_after_kw: number | null;
    cancelled_at: string | null;
  }[];
  missed: {
    evse_uid: string;
    arrival: string;
    departure: string;
    needs_kwh: number | null;
    told: boolean;
    energy_kwh: number;
    short_kwh: number;
    why: string[];
  }[];
  missed_more: number;
  trouble: Record<string, number>;
}

/** A value of a series, from `start` to `end`. */
export interface SeriesStep {
  start: string;
  end: string;
  value: number;
}
