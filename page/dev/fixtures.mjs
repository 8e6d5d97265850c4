// What the API would say of three sites: made up, but of its shapes, and around the time it is now.

const ZONE = "Europe/Amsterdam";
const PHASES = ["L1", "L2", "L3"];
const STEP_S = 300;
const iso = (ms) => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
const all = (value) => Object.fromEntries(PHASES.map((phase) => [phase, round(value)]));
const round = (value, digits = 2) => Number(value.toFixed(digits));
const hourOf = (ms) =>
  Number(new Intl.DateTimeFormat("en-GB", { hour: "2-digit", hourCycle: "h23", timeZone: ZONE }).format(ms));

export const ME = {
  principal: "8c1e1c8e-5f9f-4a0f-9d4e-0d6a5f6d2b11",
  name: "jan@garage.example",
  scopes: ["control", "read"],
  sites: { "*": ["control", "read", "signal"] },
  may_create: true,
};

const price = (ms) =>
  [
    0.21, 0.2, 0.19, 0.19, 0.2, 0.22, 0.27, 0.31, 0.33, 0.3, 0.27, 0.24, 0.22, 0.21, 0.22, 0.25, 0.29, 0.36, 0.41, 0.4,
    0.35, 0.3, 0.26, 0.23,
  ][hourOf(ms)];
const sun = (ms) => [0, 0, 0, 0, 0, 0, 0, 1, 4, 8, 12, 15, 16, 15, 12, 8, 3, 0, 0, 0, 0, 0, 0, 0][hourOf(ms)];
const evening = (ms) => hourOf(ms) >= 17 && hourOf(ms) < 21;
const wave = (ms, seed) => 0.5 + 0.5 * Math.sin(ms / 2_700_000 + seed) * Math.cos(ms / 7_300_000 + 2 * seed);

const NODES = {
  grid: { parent: null, share: 1, limit: (ms) => (evening(ms) ? 50 : 100), base: 10 },
  T1: { parent: "grid", share: 0.8, limit: () => 80, base: 2 },
  "deck-1": { parent: "T1", share: 0.45, limit: () => 50, base: 0 },
  "deck-2": { parent: "T1", share: 0.35, limit: () => 50, base: 2 },
};

function load(node, ms, phase) {
  const { share, limit, base } = NODES[node];
  const room = limit(ms) * (node === "grid" ? 1 : 0.9) - base;
  const uneven = [1, 0.86, 0.93][PHASES.indexOf(phase)];
  return { limit: limit(ms), base, ev: round(room * uneven * Math.min(1, 0.55 + 0.4 * wave(ms, 3 * share))) };
}

function series(times, pick) {
  return Object.fromEntries(PHASES.map((phase) => [phase, times.map((ms) => pick(ms, phase))]));
}

export function history(from, until, stepS) {
  const times = range(from, until, stepS);
  return {
    step_s: stepS,
    times: times.map(iso),
    nodes: Object.fromEntries(
      Object.keys(NODES).map((node) => [
        node,
        {
          limit_a: series(times, (ms, phase) => load(node, ms, phase).limit),
          base_a: series(times, (ms, phase) => load(node, ms, phase).base),
          ev_a: series(times, (ms, phase) => round(load(node, ms, phase).ev * 0.94)),
          allowed_a: series(times, (ms, phase) => round(load(node, ms, phase).base + load(node, ms, phase).ev)),
        },
      ]),
    ),
    price_per_kwh: times.map(price),
    pv_kw: times.map(sun),
    sessions: times.map((ms) => Math.round(4 + 9 * wave(ms, 1))),
  };
}

export function plan(now) {
  const times = range(now, now + 86_400_000, STEP_S);
  return {
    step_s: STEP_S,
    times: times.map(iso),
    nodes: Object.fromEntries(
      Object.keys(NODES).map((node) => [
        node,
        {
          limit_a: series(times, (ms, phase) => load(node, ms, phase).limit),
          base_a: series(times, (ms, phase) => load(node, ms, phase).base),
          ev_a: series(times, (ms, phase) => load(node, ms, phase).ev),
        },
      ]),
    ),
    price_per_kwh: times.map(price),
    pv_kw: times.map(sun),
    sessions: Object.fromEntries(
      sessions(now).map((session, number) => [
        session.id,
        times.map((ms) => (ms > Date.parse(session.departure) ? 0 : round(evening(ms) ? 4.1 : 11 * wave(ms, number)))),
      ]),
    ),
  };
}

function range(from, until, stepS) {
  const first = Math.floor(from / 1000 / stepS) * stepS;
  const last = Math.floor(until / 1000);
  return Array.from(
    { length: Math.max(0, Math.ceil((last - first) / stepS)) },
    (_, index) => (first + index * stepS) * 1000,
  );
}

function sessions(now) {
  return Array.from({ length: 14 }, (_, number) => {
    const three = number % 3 !== 1;
    const amps = 6 + ((number * 5) % 11);
    const kw = round((amps * 230 * (three ? 3 : 1)) / 1000);
    const refused = number === 4;
    return {
      id: `NL/SIM/S-${1000 + number}`,
      session_id: `S-${1000 + number}`,
      evse_uid: String(30 + number).padStart(3, "0"),
      node: number % 2 ? "deck-2" : "deck-1",
      phases: three ? PHASES : ["L2"],
      dc: false,
      since: iso(now - (number + 1) * 1_450_000),
      energy_kwh: round(2.3 * (number + 1)),
      drawn_kw: round(kw * 0.96),
      allowed_kw: kw,
      metered_at: iso(now - 20_000),
      allowed: refused || number === 13 ? null : { value: amps, unit: "A" },
      planned: { value: amps, unit: "A" },
      departure: iso(now + (((number * 7) % 10) + 1) * 3_100_000),
      needs_kwh: number === 9 ? null : round(28 - 1.7 * number),
      short_kwh: number === 2 ? 3.4 : 0,
      why:
        number === 2
          ? ["deck-1, L2: its limit of 50 A is full until 21:00; nobody of less priority is left to slow down"]
          : [],
      priority: number === 6 ? 2 : 1,
      profile: refused ? "refused" : number === 7 ? "pending" : number === 13 ? "none" : "accepted",
      refusal: refused ? "REJECTED by the charge point" : null,
    };
  });
}

export function picture(id, now, limits) {
  const site = SITES[id];
  const nodes = Object.keys(NODES)
    .filter((node) => site.nodes.includes(node))
    .map((node) => {
      const each = (pick) => Object.fromEntries(PHASES.map((phase) => [phase, round(pick(load(node, now, phase)))]));
      const over = id === "depot" && node === "grid";
      const base = limits[id]?.[node]?.base;
      const limit = base?.limit_a?.L1 ?? (base?.limit_kw ? (base.limit_kw * 1000) / 690 : NODES[node].limit(now));
      return {
        id: node,
        parent: NODES[node].parent,
        phases: PHASES,
        limit_a: all(limit),
        limit_kw: round((limit * 690) / 1000, 1),
        source: source(node, now),
        base_load_a: each(({ base }) => base),
        drawn_a: each(({ base, ev }) => Math.min(base + ev * 0.94, over ? 1e9 : limit) * (over ? 1.45 : 1)),
        allowed_a: each(({ base, ev }) => Math.min(base + ev, over ? 1e9 : limit) * (over ? 1.5 : 1)),
        next_change: node === "grid" ? { at: nextEdge(now), limit_a: all(evening(now) ? 100 : 50) } : null,
      };
    });
  const kw = (name) => round((PHASES.reduce((sum, phase) => sum + nodes[0][name][phase], 0) * 230) / 1000, 1);
  return {
    site: { id, name: site.name, time_zone: ZONE, voltage_v: 230, phases: PHASES, currency: "EUR" },
    at: iso(now),
    state: site.state,
    alarms: site.alarms(now),
    nodes,
    drawn_kw: kw("drawn_a"),
    allowed_kw: kw("allowed_a"),
    limit_kw: nodes[0].limit_kw,
    price_per_kwh: price(now),
    pv_kw: sun(now),
    sessions: id === "office" ? [] : sessions(now),
    plan: { at: iso(now - 40_000), solver: "HiGHS", failures: [], warnings: [], overloads: [] },
    run: { at: iso(now - 40_000), reason: "schedule" },
  };
}

function nextEdge(now) {
  let ms = Math.ceil(now / 3_600_000) * 3_600_000;
  while (evening(ms) === evening(now)) ms += 3_600_000;
  return iso(ms);
}

function source(node, now) {
  if (node === "grid") return { kind: "weekly", id: null, reason: null, author: null, until: nextEdge(now) };
  if (node === "deck-2") {
    return {
      kind: "override",
      id: "o-3f2a",
      reason: "works on the cable",
      author: "jan@garage.example",
      until: iso(now + 7_200_000),
    };
  }
  return { kind: "base", id: null, reason: null, author: null, until: null };
}

export const SITES = {
  garage: {
    name: "Car park Stationsplein",
    state: "warning",
    nodes: ["grid", "T1", "deck-1", "deck-2"],
    alarms: (now) => [
      {
        kind: "profile_refused",
        severity: "warning",
        text: "EVSE 034 does not take its profile: REJECTED by the charge point",
        since: iso(now - 900_000),
      },
      {
        kind: "day_ahead_missing",
        severity: "warning",
        text: "There are no prices for tomorrow yet; the site's own count",
        since: null,
      },
    ],
  },
  depot: {
    name: "Bus depot Noord",
    state: "alarm",
    nodes: ["grid"],
    alarms: (now) => [
      {
        kind: "over_limit",
        severity: "alarm",
        text: "grid, L1: 118 A are drawn, the limit is 100 A",
        since: iso(now - 120_000),
      },
      {
        kind: "partner_offline",
        severity: "alarm",
        text: "Partner demo-cpo does not answer; it is asked again at 17:30",
        since: iso(now - 400_000),
      },
    ],
  },
  office: { name: "Office Zuidas", state: "ok", nodes: ["grid"], alarms: () => [] },
};

export function summaries(now) {
  return Object.keys(SITES).map((id) => {
    const { site, state, alarms, limit_kw, drawn_kw, allowed_kw, sessions } = picture(id, now, {});
    const { name, time_zone } = site;
    return {
      id,
      name,
      time_zone,
      state,
      alarms: alarms.length,
      limit_kw,
      drawn_kw,
      allowed_kw,
      sessions: sessions.length,
    };
  });
}

export function visits(before) {
  return Array.from({ length: 20 }, (_, number) => {
    const departure = before - (number + 1) * 2_000_000;
    const short = number % 6 === 2 ? 4.2 : 0;
    return {
      id: `NL/SIM/V-${Math.round(departure / 1000)}`,
      session_id: `V-${Math.round(departure / 1000)}`,
      evse_uid: String(30 + ((number * 3) % 16)).padStart(3, "0"),
      node: number % 2 ? "deck-2" : "deck-1",
      phases: PHASES,
      dc: false,
      arrival: iso(departure - 9_000_000),
      departure: iso(departure),
      energy_kwh: round(21.4 - short),
      max_kw: 11,
      needs_kwh: 21.4,
      told: number % 3 === 0,
      short_kwh: short,
      why: short ? REASONS[Math.floor(number / 6) % 4] : [],
    };
  });
}

const REASONS = [
  ["grid connection, L1, weekly calendar, 17:00-21:00: 4.2 kWh short"],
  [
    "feeder deck-2, L2, base limit, 18:00-19:15: 2.9 kWh short",
    "grid connection, L2, weekly calendar, 17:00-18:00: 1.3 kWh short",
  ],
  ["left at 17:05, and was believed to stay until 19:00: 4.2 kWh short"],
  ["stays too short: 17.2 of 21.4 kWh fit into 1.6 h at 11.0 kW: 4.2 kWh short"],
];

export const LIMITS = {
  grid: {
    base: { limit_a: { L1: 100, L2: 100, L3: 100 }, limit_kw: null },
    weekly: [
      {
        day_of_week: ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"],
        start_time: "17:00",
        end_time: "21:00",
        limit_kw: 34.5,
      },
    ],
    overrides: [],
    caps: [],
  },
  T1: { base: { limit_kw: 55.2 }, weekly: [], overrides: [], caps: [] },
  "deck-1": { base: { limit_a: { L1: 50, L2: 50, L3: 50 } }, weekly: [], overrides: [], caps: [] },
  "deck-2": { base: { limit_a: { L1: 50, L2: 50, L3: 50 } }, weekly: [], overrides: [], caps: [] },
};

export const PRICES = {
  price_per_kwh: Array.from({ length: 24 }, (_, hour) => price(Date.UTC(2026, 0, 5, hour) - 3_600_000)),
  feed_in_per_kwh: 0.06,
  demand_charge: { price_per_kw: 6.5, peak_kw: 41 },
};

export function events(now) {
  const edit = { author: "jan@garage.example", reason: "works on the cable", subject: "deck-2" };
  const own = { author: null, reason: null, before: null, after: null };
  return [
    {
      at: iso(now - 900_000),
      kind: "refused",
      text: "EVSE 034 does not take its profile: REJECTED",
      subject: "S-1004",
      ...own,
    },
    {
      at: iso(now - 3_600_000),
      kind: "override",
      text: "deck-2: 50 A until 19:00",
      before: null,
      after: '{"limit_a":{"L1":50,"L2":50,"L3":50}}',
      ...edit,
    },
    { at: iso(now - 7_200_000), kind: "left_short", text: "EVSE 040 left 4.2 kWh short", subject: "V-7", ...own },
    {
      at: iso(now - 86_400_000),
      kind: "curtailed",
      text: "Curtailment dso-16 obeyed within 21 s",
      subject: "dso-16",
      ...own,
    },
  ];
}

export function signals(now, takenBack) {
  return [
    {
      signal_id: "dso-17",
      state: takenBack.has("dso-17") ? "cancelled" : "planned",
      node: "grid",
      limit_a: all(40),
      start: iso(now + 7_200_000),
      end: iso(now + 14_400_000),
      will: "sessions are limited to 30 A per phase (base load 10 A is not ours to lower)",
      by: iso(now + 7_200_000),
      warnings: [],
      reason: "congestion",
      author: ME.principal,
      proof: null,
    },
    {
      signal_id: "dso-16",
      state: "ended",
      node: "grid",
      limit_a: all(50),
      start: iso(now - 90_000_000),
      end: iso(now - 86_400_000),
      will: "sessions are limited to 40 A per phase (base load 10 A is not ours to lower)",
      by: iso(now - 89_940_000),
      warnings: [],
      reason: "congestion",
      author: "grid operator",
      proof: { obeyed_at: iso(now - 89_979_000), reaction_s: 21, load_before_kw: 58.1, load_after_kw: 33.9 },
    },
  ];
}

/** Uploaded of the day that `from` begins, from hour to hour; nothing of other kinds than prices. */
export function uploaded(kind, from) {
  if (kind !== "price") return [];
  return range(from, from + 86_400_000, 3600).map((ms) => ({
    start: iso(ms),
    end: iso(ms + 3_600_000),
    value: price(ms),
  }));
}

export const CSV = "local time,UTC,grid L1 load A\n2026-11-23 12:00,2026-11-23T11:00:00Z,41.2\n";
export const STYLE = "h1 { color: #1f6f8b; font: 28px system-ui; }";
export const HTML = `<!doctype html><title>Report</title><style>${STYLE}</style><h1>Report</h1>`;

export function report(month, now) {
  const account = { energy_kwh: 8412.5, peak_at: iso(now - 400_000_000), minutes_over_limit: 0 };
  return {
    site_id: "garage",
    name: "Car park Stationsplein",
    month,
    over: false,
    time_zone: ZONE,
    currency: "EUR",
    made_at: iso(now),
    savings: {
      site_id: "garage",
      start: iso(now - 1_900_000_000),
      end: iso(now),
      visits: 412,
      known: 0.998,
      charged: { ...account, peak_kw: 61.4, energy_cost: 1893.2, demand_cost: 399.1, cost: 2292.3 },
      uncontrolled: {
        ...account,
        peak_kw: 118.9,
        energy_cost: 2544.7,
        demand_cost: 772.85,
        cost: 3317.55,
        minutes_over_limit: 1835,
      },
      lowered_peak_kw: 57.5,
      saved_cost: 1025.25,
      left_out: [
        "The 38.4 kWh that visits left short of are not charged on either side.",
        "Taxes, fixed fees and losses are not counted.",
      ],
    },
    drivers: { visits: 412, told: 96, served: 401, served_share: 0.9733, energy_kwh: 8412.5, short_kwh: 38.4 },
    curtailments: signals(now, new Set())
      .filter(({ proof }) => proof)
      .map(({ signal_id, node, start, end, reason, author, proof }) => ({
        ...{ signal_id, node, start, end, reason, author, ...proof },
        limit_kw: 34.5,
        received_at: start,
        cancelled_at: null,
      })),
    missed: visits(now)
      .filter(({ short_kwh }) => short_kwh)
      .map(({ evse_uid, arrival, departure, needs_kwh, told, energy_kwh, short_kwh, why }) => ({
        ...{ evse_uid, arrival, departure, needs_kwh, told, energy_kwh, short_kwh, why },
      })),
    missed_more: 7,
    trouble: { refused: 2, left_short: 11 },
    days: [],
    busiest: [],
  };
}
