import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { beforeEach, test } from "node:test";
import { begin, finish, renew } from "../src/oauth.ts";

const SIGN_IN = {
  authorize_url: "https://energy.auth.example/oauth2/authorize",
  token_url: "https://energy.auth.example/oauth2/token",
  revoke_url: "https://energy.auth.example/oauth2/revoke",
  logout_url: "https://energy.auth.example/logout",
  client_id: "page",
  scopes: ["openid", "email", "energy/read", "energy/control"],
};
const HOME = "https://ocpi.example/energy/";
const kept = new Map<string, string>();
let asked: { url: string; body: URLSearchParams }[] = [];
let answer: object = {};

globalThis.sessionStorage = {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => void kept.set(key, value),
  removeItem: (key: string) => void kept.delete(key),
} as unknown as Storage;
globalThis.fetch = async (url, init) => {
  asked.push({ url: String(url), body: new URLSearchParams(String(init?.body)) });
  const status = "error" in answer ? 400 : 200;
  return new Response(JSON.stringify(answer), { status, headers: { "content-type": "application/json" } });
};

beforeEach(() => {
  kept.clear();
  asked = [];
  answer = { access_token: "a1", refresh_token: "r1", token_type: "Bearer", expires_in: 3600 };
});

async function begun(hash = "#/sites/garage/limits"): Promise<URLSearchParams> {
  return new URL(await begin(SIGN_IN, HOME, hash)).searchParams;
}

test("signing in proves with PKCE that the same tab comes back, and leads to where it began", async () => {
  const left = await begun();
  assert.equal(left.get("scope"), "energy/read energy/control");
  assert.equal(left.get("redirect_uri"), HOME);
  const came = new URL(`${HOME}?code=c1&state=${left.get("state")}`);
  const { token, hash } = await finish(SIGN_IN, came, HOME);
  assert.equal(hash, "#/sites/garage/limits");
  assert.deepEqual([token.access, token.refresh], ["a1", "r1"]);
  assert.ok(Math.abs((token.expires ?? 0) - Date.now() - 3_600_000) < 5_000);
  const { url, body } = asked[0] ?? assert.fail("no token was asked for");
  assert.equal(url, SIGN_IN.token_url);
  const challenge = createHash("sha256")
    .update(body.get("code_verifier") ?? "")
    .digest("base64url");
  assert.equal(challenge, left.get("code_challenge"));
});

test("a code that somebody else's sign-in brought is not taken", async () => {
  await begun();
  await assert.rejects(finish(SIGN_IN, new URL(`${HOME}?code=c1&state=another`), HOME));
  await assert.rejects(finish(SIGN_IN, new URL(`${HOME}?code=c1&state=another`), HOME), /another tab/);
  assert.equal(asked.length, 0);
});

test("a sign-in that was called off is told", async () => {
  const left = await begun();
  const came = new URL(`${HOME}?error=access_denied&state=${left.get("state")}`);
  await assert.rejects(finish(SIGN_IN, came, HOME));
});

test("a refresh token brings a new token, and is kept if there is no newer one", async () => {
  answer = { access_token: "a2", token_type: "Bearer", expires_in: 3600 };
  const token = await renew(SIGN_IN, "r1");
  assert.deepEqual([token.access, token.refresh], ["a2", "r1"]);
  assert.equal(asked[0]?.body.get("grant_type"), "refresh_token");
  answer = { error: "invalid_grant" };
  await assert.rejects(renew(SIGN_IN, "r1"));
});
