/**
 * Who is signed in: a token of this tab, kept in its sessionStorage and nowhere else.
 *
 * In the cloud it comes from the identity provider (authorization code with PKCE); on a developer's machine out of the
 * page's own address, `#token=…`, or pasted.
 */

import { useEffect, useState } from "preact/hooks";
import type { Config } from "./types.ts";

interface Token {
  access: string;
  refresh?: string | undefined;
  /** In milliseconds since 1970; none: it is not known. */
  expires?: number | undefined;
}

const KEY = "energy.token";
const EARLY_MS = 60_000;
const listeners = new Set<() => void>();
let refreshing: Promise<string | null> | undefined;
let configuration: Promise<Config> | undefined;

/** How to sign in here; asked for once. */
export function config(): Promise<Config> {
  configuration ??= fetch("config.json", { cache: "no-store" }).then((response) => {
    if (!response.ok) throw new Error(`the platform failed (HTTP ${response.status})`);
    return response.json();
  });
  configuration.catch(() => {
    configuration = undefined;
  });
  return configuration;
}

/**
 * Take the token or the code that the page's address brings, and take it out of there.
 *
 * Where people sign in, no link signs anybody in: they would go on as whoever made the link.
 */
export async function arrive(): Promise<void> {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const token = fragment.get("token");
  if (token) {
    const { sign_in } = await config();
    history.replaceState(null, "", `${location.pathname}#/`);
    if (sign_in) throw new Error("this link brings a token, which is not taken here: sign in as yourself");
    keep({ access: token });
    return;
  }
  const query = new URLSearchParams(location.search);
  if (!query.has("state")) return;
  const { finish } = await import("./oauth.ts");
  const came = new URL(location.href);
  history.replaceState(null, "", location.pathname + location.hash);
  const done = await finish(await signInOf(), came, home());
  history.replaceState(null, "", `${location.pathname}${done.hash}`);
  keep(done.token);
}

/** Leave for the identity provider; it sends people back to where they are now. */
export async function signIn(): Promise<void> {
  const { begin } = await import("./oauth.ts");
  location.assign(await begin(await signInOf(), home(), location.hash));
}

/** Take a token that somebody pasted, or the whole link that it was in. */
export function paste(text: string): void {
  const token = /token=([^&\s]+)/.exec(text)?.[1] ?? text.trim();
  keep({ access: token });
}

/** Forget the token, here and at the identity provider, and with it all that was seen and typed in this tab. */
export async function signOut(): Promise<void> {
  const refresh = kept()?.refresh;
  // First of all, for it must not wait for a network.
  sessionStorage.clear();
  const { sign_in } = await config().catch(() => ({ sign_in: null }));
  if (!sign_in) return location.reload();
  if (refresh) {
    const { revoke } = await import("./oauth.ts");
    // Leaving ends the sign-in there, too: nobody has to wait for what does not answer.
    await revoke(sign_in, refresh).catch(() => undefined);
  }
  const leave = new URL(sign_in.logout_url);
  leave.searchParams.set("client_id", sign_in.client_id);
  leave.searchParams.set("logout_uri", home());
  location.assign(leave);
}

/** The token for a call, a new one if it is about to end; none: sign in. */
export async function accessToken(): Promise<string | null> {
  const token = kept();
  if (!token) return null;
  if (!token.refresh || !token.expires || Date.now() < token.expires - EARLY_MS) return token.access;
  return renewOnce(token);
}

/** The API has refused a token: another one instead, if it can be had without asking anybody. */
export async function replaceToken(refused: string): Promise<string | null> {
  const token = kept();
  if (!token || token.access !== refused) return token?.access ?? null;
  if (token.refresh) return renewOnce(token);
  keep(null);
  return null;
}

/** Whether there is a token; hears when that changes. */
export function useSignedIn(): boolean {
  const [signedIn, setSignedIn] = useState(kept() !== null);
  useEffect(() => {
    const changed = () => setSignedIn(kept() !== null);
    listeners.add(changed);
    return () => {
      listeners.delete(changed);
    };
  }, []);
  return signedIn;
}

/** However many calls wait for it, a refresh token is used once. */
function renewOnce(token: Token): Promise<string | null> {
  refreshing ??= renewed(token).finally(() => {
    refreshing = undefined;
  });
  return refreshing;
}

async function renewed(token: Token): Promise<string | null> {
  const { renew } = await import("./oauth.ts");
  try {
    const fresh = await renew(await signInOf(), token.refresh ?? "");
    keep(fresh);
    return fresh.access;
  } catch (error) {
    // Without network the old token may do for a while still; refused, there is none.
    if (error instanceof TypeError && token.expires && Date.now() < token.expires) return token.access;
    if (error instanceof TypeError) throw error;
    keep(null);
    return null;
  }
}

async function signInOf() {
  const { sign_in } = await config();
  if (!sign_in)
    throw new Error("this platform has no identity provider: open the link that it printed when it started");
  return sign_in;
}

function home(): string {
  return new URL(".", location.href).href.replace(/[?#].*$/, "");
}

function kept(): Token | null {
  const text = sessionStorage.getItem(KEY);
  return text ? JSON.parse(text) : null;
}

function keep(token: Token | null): void {
  if (token) sessionStorage.setItem(KEY, JSON.stringify(token));
  else sessionStorage.removeItem(KEY);
  for (const tell of listeners) tell();
}
