// Serve the built page with made-up sites, to work on it without the platform: `node page/dev/server.mjs [PORT]`.
// Edits are taken into memory and refused as the API refuses them. `?fail=503` in a path of the API fails it.
import { createHash } from "node:crypto";
import { readFile, watch } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import * as fixtures from "./fixtures.mjs";

const ASSETS = fileURLToPath(new URL("../../functions/energy/assets/", import.meta.url));
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};
const STYLE = createHash("sha256").update(fixtures.STYLE).digest("base64");
const POLICY =
  `default-src 'none'; script-src 'self'; style-src 'self' 'sha256-${STYLE}'; img-src 'self' data:; ` +
  "font-src 'self'; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/** Before, nothing is on record. */
const RECORDED_MS = 5 * 86_400_000;
const EVERYWHERE = { nodes: Object.keys(fixtures.LIMITS) };

/** One platform of its own; `expired` makes each call answer as if the token were none. */
export function platform() {
  const state = { revision: 1, limits: {}, prices: {}, priorities: {}, takenBack: new Set(), expired: false };
  for (const id of Object.keys(fixtures.SITES)) {
    state.limits[id] = structuredClone(fixtures.LIMITS);
    state.prices[id] = structuredClone(fixtures.PRICES);
    state.priorities[id] = { "036": 2 };
  }
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://127.0.0.1");
    const path = decodeURIComponent(url.pathname.replace(/^\/energy\//, ""));
    if (!url.pathname.startsWith("/energy/")) return reply(response, 404, { title: "Not found" });
    if (!path.startsWith("v1/")) return file(response, path || "index.html");
    const body = await text(request);
    if (state.expired || !request.headers.authorization) return reply(response, 401, { message: "Unauthorized" });
    if (url.searchParams.has("fail")) return reply(response, Number(url.searchParams.get("fail")), null);
    const [status, document, headers] = answer(state, request, path.slice(3).split("/"), url.searchParams, body);
    return reply(response, status, document, headers);
  });
  return { server, state };
}

function answer(state, { method, headers }, [what, id, ...rest], query, body) {
  const now = Date.now();
  if (what === "me") return [200, fixtures.ME];
  if (what !== "sites") return [404, problem(404, "Not found", "there is no such thing")];
  if (id === undefined) return [200, fixtures.summaries(now)];
  if (!fixtures.SITES[id]) return [404, problem(404, "Not found", `there is no site ${id}`)];
  const etag = { ETag: `"${state.revision}"` };
  const from = Date.parse(query.get("from") ?? "") || now - 86_400_000;
  const until = Math.min(Date.parse(query.get("until") ?? "") || now, now);
  const before = Math.min(Date.parse(query.get("before") ?? "") || now, now);
  const reading = {
    now: () => fixtures.picture(id, now, state.limits),
    limits: () => state.limits[id],
    prices: () => state.prices[id],
    priorities: () => state.priorities[id],
    plan: () => fixtures.plan(now),
    history: () => fixtures.history(Math.max(from, now - RECORDED_MS), until, Number(query.get("step") ?? 300)),
    sessions: () =>
      fixtures.visits(before).filter(({ departure }) => !query.has("from") || Date.parse(departure) >= from),
    events: () => fixtures.events(now),
    signals: () => fixtures.signals(now, state.takenBack),
    series: () => (state.takenBack.has(rest[1]) ? [] : fixtures.uploaded(rest[1], from)),
    reports: () => fixtures.report(rest[1], now),
  }[rest[0]];
  if (method === "GET" && query.get("format") === "csv") return [200, fixtures.CSV, { "Content-Type": "text/csv" }];
  if (method === "GET" && headers.accept === "text/html") return [200, fixtures.HTML, { "Content-Type": "text/html" }];
  if (method === "GET")
    return reading ? [200, reading(), etag] : [404, problem(404, "Not found", "there is no such thing")];
  if (rest[0] === "series" && method === "DELETE") {
    state.takenBack.add(rest[1]);
    return [204, null];
  }
  if (rest[0] === "series") return upload(rest[1], body, from);
  return edit(state, id, method, headers, rest, query, JSON.parse(body || "null"));
}

function upload(kind, body, from) {
  const wrong = body.split("\n").findIndex((line) => /,\d+,\d+$/.test(line));
  if (wrong < 0) return [200, fixtures.uploaded(kind, from)];
  const detail = `line ${wrong + 1}: decimal commas in columns separated by commas: write points, or separate columns by ';'`;
  return [422, { ...problem(422, "Unprocessable Content", detail), errors: [{ pointer: "", detail }] }];
}

function edit(state, id, method, headers, rest, query, value) {
  const known = headers["if-match"];
  if (method === "PUT" && !known) return [428, problem(428, "Precondition required", "send If-Match")];
  if (known && known !== `"${state.revision}"`) {
    return [
      412,
      problem(412, "Changed", "eva@garage.example set the weekly limits of grid 20 seconds ago: look again"),
    ];
  }
  const [what, node, part, override] = rest;
  if (what === "signals" && method === "DELETE") {
    state.takenBack.add(node);
    return [200, fixtures.signals(Date.now(), state.takenBack).find(({ signal_id }) => signal_id === node)];
  }
  if (what === "limits" && EVERYWHERE.nodes.includes(node)) {
    const limits = state.limits[id][node];
    if (method !== "DELETE" && part !== "weekly" && value.limit_kw > 1000 && !query.has("confirm")) {
      const detail = `limits.${part}.limit_kw: ${value.limit_kw} is ${Math.round(value.limit_kw / 69)} times the present 69 kW: is it in W?`;
      return [409, { ...problem(409, "Please confirm", "this is odd"), confirm: [detail] }];
    }
    if (part === "base") limits.base = value;
    if (part === "weekly") limits.weekly = value;
    if (part === "overrides" && method === "POST") {
      limits.overrides.push({ id: `o-${state.revision}`, author: fixtures.ME.name, ...value });
    }
    if (part === "overrides" && method === "DELETE") {
      limits.overrides = limits.overrides.filter((each) => each.id !== override);
    }
  } else if (what === "prices" || what === "priorities") state[what][id] = value;
  else return [404, problem(404, "Not found", "there is no such thing")];
  state.revision += 1;
  const status = method === "POST" ? 201 : 200;
  return [status, what === "limits" ? state.limits[id][node] : state[what][id], { ETag: `"${state.revision}"` }];
}

function problem(status, title, detail) {
  return { type: "about:blank", title, status, detail };
}

async function file(response, name) {
  if (name === "config.json") return reply(response, 200, { api: "v1", sign_in: null });
  try {
    if (name.includes("/")) throw new Error("there are no folders");
    const content = gzipSync(await readFile(ASSETS + name));
    response.writeHead(200, {
      "Content-Type": TYPES[extname(name)] ?? "application/octet-stream",
      "Content-Encoding": "gzip",
      "Content-Security-Policy": POLICY,
      "Cache-Control": "no-cache",
    });
    response.end(content);
  } catch {
    reply(response, 404, { title: "Not found" });
  }
}

function reply(response, status, document, headers = {}) {
  response.writeHead(status, { "Content-Type": "application/json", ...headers });
  response.end(typeof document === "string" ? document : document === null ? "" : JSON.stringify(document));
}

async function text(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}

async function rebuild() {
  const { execFileSync } = await import("node:child_process");
  const page = fileURLToPath(new URL("..", import.meta.url));
  const build = () => execFileSync(process.execPath, ["build.mjs"], { cwd: page, stdio: "inherit" });
  build();
  for await (const _ of watch(`${page}src`, { recursive: true })) {
    try {
      build();
    } catch {
      // esbuild has said why; the next change may mend it.
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { server } = platform();
  server.listen(Number(process.argv[2] ?? 8765), "127.0.0.1", () => {
    const { port } = server.address();
    console.log(`http://127.0.0.1:${port}/energy/#token=made-up`);
  });
  rebuild();
}
