import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { accessToken, arrive, signOut } from "../src/auth.ts";
import { draftKey } from "../src/logic/drafts.ts";

const HOME = "https://ocpi.example/energy/";
const AUTH = "https://energy.auth.example";
const kept = new Map<string, string>();
let left: string | null = null;
let asked: { url: string; body: URLSearchParams }[] = [];
let revoked: () => Response = () => new Response(null, { status: 200 });

const address = new URL(HOME);
Object.assign(globalThis, {
  sessionStorage: {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
    clear: () => kept.clear(),
  },
  location: Object.defineProperties(address, {
    assign: { value: (url: URL) => (left = String(url)) },
    reload: { value: () => (left = "again") },
  }),
  history: { replaceState: (_: unknown, __: string, url: string) => (address.href = new URL(url, HOME).href) },
});
globalThis.fetch = async (url, init) => {
  if (url === "config.json") return new Response(JSON.stringify(CONFIG), { status: 200 });
  asked.push({ url: String(url), body: new URLSearchParams(String(init?.body)) });
  return revoked();
};
const CONFIG = {
  api: "v1",
  sign_in: {
    authorize_url: `${AUTH}/oauth2/authorize`,
    token_url: `${AUTH}/oauth2/token`,
    revoke_url: `${AUTH}/oauth2/revoke`,
    logout_url: `${AUTH}/logout`,
    client_id: "page",
    scopes: ["energy/read"],
  },
};

beforeEach(() => {
  kept.clear();
  kept.set("energy.token", JSON.stringify({ access: "mine", refresh: "r1" }));
  kept.set(draftKey("garage", "grid/base"), "{}");
  address.href = HOME;
  asked = [];
  left = null;
  revoked = () => new Response(null, { status: 200 });
});

test("where people sign in, a link makes nobody somebody else", async () => {
  address.hash = "#token=of-who-made-the-link";
  await assert.rejects(arrive(), /sign in as yourself/);
  assert.equal(await accessToken(), "mine");
  assert.equal(address.href, `${HOME}#/`);
});

test("who signs out leaves nothing in the tab, and no token that could be renewed", async () => {
  await signOut();
  assert.equal(kept.size, 0);
  assert.deepEqual(
    asked.map(({ url, body }) => [url, body.get("token"), body.get("client_id")]),
    [[`${AUTH}/oauth2/revoke`, "r1", "page"]],
  );
  assert.equal(left, `${AUTH}/logout?${new URLSearchParams({ client_id: "page", logout_uri: HOME })}`);
});

test("nothing of the tab is kept, whoever does not answer", async () => {
  revoked = () => {
    assert.equal(kept.size, 0);
    throw new TypeError("Failed to fetch");
  };
  await signOut();
  assert.match(left ?? "", /logout/);
});
