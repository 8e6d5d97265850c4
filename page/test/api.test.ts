import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { get, Offline, Problem, SignedOut, send } from "../src/api.ts";
import { accessToken, paste } from "../src/auth.ts";

interface Asked {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: string | undefined;
}

const kept = new Map<string, string>();
let asked: Asked[] = [];
let answers: (() => Response)[] = [];

globalThis.sessionStorage = {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => void kept.set(key, value),
  removeItem: (key: string) => void kept.delete(key),
} as unknown as Storage;
globalThis.fetch = async (url, { method, headers, body } = {}) => {
  asked.push({
    url: String(url),
    method: method ?? "",
    headers: headers as Record<string, string>,
    body: body as string,
  });
  const next = answers.shift();
  if (!next) throw new TypeError("Failed to fetch");
  return next();
};

const json =
  (status: number, document: unknown, headers = {}) =>
  () =>
    new Response(JSON.stringify(document), { status, headers });

beforeEach(() => {
  kept.clear();
  asked = [];
  answers = [];
  paste("t1");
});

test("what is read comes with its ETag, and is asked for with the token", async () => {
  answers = [json(200, { base: { limit_kw: 69 } }, { ETag: '"7"' })];
  assert.deepEqual(await get("/sites/garage/limits"), { data: { base: { limit_kw: 69 } }, etag: '"7"' });
  assert.equal(asked[0]?.url, "v1/sites/garage/limits");
  assert.equal(asked[0]?.headers.Authorization, "Bearer t1");
});

test("an edit says which revision it is of, and confirms only when told to", async () => {
  answers = [json(200, {}), json(200, {}), json(201, {})];
  await send("PUT", "/sites/garage/limits/grid/base", { limit_kw: 30 }, { etag: '"7"' });
  await send("PUT", "/sites/garage/series/price?node=grid", "start,value", { contentType: "text/csv", confirm: true });
  await send("POST", "/sites/garage/limits/grid/overrides", {}, { idempotencyKey: "k" });
  assert.deepEqual([asked[0]?.headers["If-Match"], asked[0]?.body], ['"7"', '{"limit_kw":30}']);
  assert.equal(asked[1]?.url, "v1/sites/garage/series/price?node=grid&confirm=true");
  assert.deepEqual([asked[1]?.headers["Content-Type"], asked[1]?.body], ["text/csv", "start,value"]);
  assert.equal(asked[2]?.headers["Idempotency-Key"], "k");
});

test("a refusal has every wrong place and what is to be confirmed", async () => {
  const errors = [{ pointer: "/limit_kw", detail: "must be 0 or more, is -5" }];
  answers = [
    json(422, { title: "Unprocessable", detail: "…", errors, confirm: null }),
    json(409, { detail: "?", confirm: ["odd"] }),
  ];
  const wrong = await send("PUT", "/x", {}).catch((error) => error);
  assert.ok(wrong instanceof Problem);
  assert.equal(wrong.at("/limit_kw"), "must be 0 or more, is -5");
  assert.equal(wrong.confirm, undefined);
  const odd = await send("PUT", "/x", {}).catch((error) => error);
  assert.deepEqual(odd.confirm, ["odd"]);
});

test("what a gateway refuses in its own words is told in them", async () => {
  answers = [json(403, { message: "Forbidden" })];
  await assert.rejects(get("/sites"), { message: "Forbidden", status: 403 });
});

test("no answer, or one that is none, is the network's fault and not the reader's", async () => {
  await assert.rejects(get("/sites"), Offline);
  answers = [() => new Response("<html>Bad Gateway</html>", { status: 502 })];
  await assert.rejects(get("/sites"), Offline);
});

test("a token that is refused is gone, and nothing is asked without one", async () => {
  answers = [json(401, { message: "Unauthorized" })];
  await assert.rejects(get("/sites"), SignedOut);
  assert.equal(await accessToken(), null);
  await assert.rejects(get("/sites"), SignedOut);
  assert.equal(asked.length, 1);
});

test("a token that was replaced while a call was under way is used instead", async () => {
  answers = [
    () => {
      paste("t2");
      return new Response("", { status: 401 });
    },
    json(200, []),
  ];
  assert.deepEqual((await get("/sites")).data, []);
  assert.deepEqual(
    asked.map(({ headers }) => headers.Authorization),
    ["Bearer t1", "Bearer t2"],
  );
});

test("the whole printed link may be pasted, or the token alone", async () => {
  paste("http://127.0.0.1:4566/energy/#token=abc.def-g&more=1");
  assert.equal(await accessToken(), "abc.def-g");
  paste("  xyz \n");
  assert.equal(await accessToken(), "xyz");
});
