/** Signing in at the identity provider: OAuth 2.0 authorization code with PKCE (RFC 7636), by oauth4webapi. */

import * as oauth from "oauth4webapi";
import type { Config } from "./types.ts";

type SignIn = NonNullable<Config["sign_in"]>;

interface Begun {
  verifier: string;
  state: string;
  /** Where in the page it began. */
  hash: string;
}

interface Token {
  access: string;
  refresh?: string | undefined;
  expires?: number | undefined;
}

const KEY = "energy.signing-in";
const REVOKE_MS = 3_000;

/** Where to send the browser. */
export async function begin(signIn: SignIn, redirectUri: string, hash: string): Promise<string> {
  const begun: Begun = {
    verifier: oauth.generateRandomCodeVerifier(),
    state: oauth.generateRandomState(),
    hash,
  };
  sessionStorage.setItem(KEY, JSON.stringify(begun));
  const target = new URL(signIn.authorize_url);
  target.search = new URLSearchParams({
    response_type: "code",
    client_id: signIn.client_id,
    redirect_uri: redirectUri,
    scope: scopes(signIn),
    state: begun.state,
    code_challenge: await oauth.calculatePKCECodeChallenge(begun.verifier),
    code_challenge_method: "S256",
  }).toString();
  return target.href;
}

/** Make a token of the code that the browser came back with. */
export async function finish(signIn: SignIn, came: URL, redirectUri: string): Promise<{ token: Token; hash: string }> {
  const begun: Begun = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  sessionStorage.removeItem(KEY);
  if (!begun) throw new Error("this sign-in was begun in another tab: sign in again");
  const [server, client] = parties(signIn);
  const parameters = oauth.validateAuthResponse(server, client, came, begun.state);
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    oauth.None(),
    parameters,
    redirectUri,
    begun.verifier,
  );
  const answer = await oauth.processAuthorizationCodeResponse(server, client, response);
  return { token: tokenOf(answer), hash: begun.hash || "#/" };
}

/** A new token for a refresh token. */
export async function renew(signIn: SignIn, refresh: string): Promise<Token> {
  const [server, client] = parties(signIn);
  const response = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), refresh);
  const token = tokenOf(await oauth.processRefreshTokenResponse(server, client, response));
  return { ...token, refresh: token.refresh ?? refresh };
}

/** End a refresh token, and with it all tokens that came of it. */
export async function revoke(signIn: SignIn, refresh: string): Promise<void> {
  const [server, client] = parties(signIn);
  const signal = AbortSignal.timeout(REVOKE_MS);
  const response = await oauth.revocationRequest(server, client, oauth.None(), refresh, { signal });
  await oauth.processRevocationResponse(response);
}

function parties(signIn: SignIn): [oauth.AuthorizationServer, oauth.Client] {
  return [
    {
      issuer: new URL(signIn.authorize_url).origin,
      authorization_endpoint: signIn.authorize_url,
      token_endpoint: signIn.token_url,
      revocation_endpoint: signIn.revoke_url,
    },
    { client_id: signIn.client_id },
  ];
}

/** No ID token is asked for: who it is, the API tells. */
function scopes(signIn: SignIn): string {
  return signIn.scopes.filter((each) => each.startsWith("energy/")).join(" ");
}

function tokenOf(answer: oauth.TokenEndpointResponse): Token {
  return {
    access: answer.access_token,
    refresh: answer.refresh_token,
    expires: answer.expires_in ? Date.now() + answer.expires_in * 1000 : undefined,
  };
}
