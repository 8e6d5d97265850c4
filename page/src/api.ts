/** The energy API over HTTP: one call each, with errors that a view can show as they are. */

import { accessToken, replaceToken } from "./auth.ts";

export interface FieldError {
  /** JSON pointer of the wrong place, e.g. "/limits/base/limit_kw". */
  pointer: string;
  detail: string;
}

/** The API's refusal (RFC 9457). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly errors: FieldError[] = [],
    /** What has to be confirmed before it is taken; send again with `confirm: true`. */
    readonly confirm: string[] | undefined = undefined,
  ) {
    super(detail || title);
  }

  /** Somebody else has changed it since it was read (412). */
  get changed(): boolean {
    return this.status === 412;
  }

  /** What is wrong at one place, or nothing. */
  at(pointer: string): string | undefined {
    return this.errors.find((each) => each.pointer === pointer)?.detail;
  }
}

/** The network or the platform did not answer; nothing is known of what it did. */
export class Offline extends Error {}

/** There is no token, or it is not good any more. Keep what was typed: the page asks to sign in over the view. */
export class SignedOut extends Error {}

export interface Answer<T> {
  data: T;
  etag: string | null;
}

export interface SendOptions {
  /** The ETag of what was read: sent as If-Match. */
  etag?: string | null | undefined;
  /** Only if there is none yet. */
  create?: boolean | undefined;
  /** Take odd values. */
  confirm?: boolean | undefined;
  /** Of `body`, if it is text; JSON otherwise. */
  contentType?: string | undefined;
  /** For a POST that must not be done twice. */
  idempotencyKey?: string | undefined;
}

const TIMEOUT_MS = 20_000;
const UNREACHED = "the platform does not answer: is the network there? What you typed is kept; try again";

/** `path` is beneath the version, e.g. "/sites/garage/now". */
export async function get<T>(path: string, signal?: AbortSignal): Promise<Answer<T>> {
  return answer<T>(await call("GET", path, { Accept: "application/json" }, undefined, signal));
}

/** A file, e.g. CSV or HTML; `name` is what the platform calls it, if it does. */
export async function download(path: string, accept: string): Promise<{ blob: Blob; name: string | null }> {
  const response = await call("GET", path, { Accept: accept });
  const name = /filename="?([^";]+)"?/.exec(response.headers.get("Content-Disposition") ?? "");
  return { blob: await response.blob(), name: name?.[1] ?? null };
}

/** `body` undefined sends none; a string goes as it is, under `contentType`. */
export async function send<T>(
  method: "PUT" | "POST" | "DELETE",
  path: string,
  body?: unknown,
  options: SendOptions = {},
): Promise<Answer<T>> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = options.contentType ?? "application/json";
  if (options.etag) headers["If-Match"] = options.etag;
  if (options.create) headers["If-None-Match"] = "*";
  if (options.idempotencyKey) headers["Idempotency-Key"] = options.idempotencyKey;
  const target = options.confirm ? `${path}${path.includes("?") ? "&" : "?"}confirm=true` : path;
  const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  return answer<T>(await call(method, target, headers, text));
}

async function answer<T>(response: Response): Promise<Answer<T>> {
  const text = await response.text();
  return { data: (text ? JSON.parse(text) : undefined) as T, etag: response.headers.get("ETag") };
}

async function call(
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: string,
  signal?: AbortSignal,
): Promise<Response> {
  const token = await heldToken();
  if (!token) throw new SignedOut("you are signed out");
  const ask = (bearer: string) =>
    reached(method, path, { ...headers, Authorization: `Bearer ${bearer}` }, body, signal);
  let response = await ask(token);
  if (response.status === 401) {
    const another = await replaceToken(token);
    if (!another || another === token) throw new SignedOut("your sign-in has ended");
    response = await ask(another);
  }
  if (response.ok) return response;
  if (response.status === 401) throw new SignedOut("your sign-in has ended");
  throw await problem(response);
}

async function heldToken(): Promise<string | null> {
  try {
    return await accessToken();
  } catch {
    throw new Offline(UNREACHED);
  }
}

async function reached(
  method: string,
  path: string,
  headers: Record<string, string>,
  body: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await fetch(`v1${path}`, {
      method,
      headers,
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      cache: "no-store",
      ...(body === undefined ? {} : { body }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Offline(UNREACHED);
  }
}

async function problem(response: Response): Promise<Problem | Offline> {
  const text = await response.text().catch(() => "");
  try {
    // API Gateway says what is wrong as `message`; what is not told is null.
    const { title, detail, message, errors, confirm } = JSON.parse(text);
    const what = detail ?? message ?? title ?? `refused (HTTP ${response.status})`;
    return new Problem(response.status, title ?? "", what, errors ?? [], confirm ?? undefined);
  } catch {
    if (response.status >= 500) return new Offline(`the platform failed (HTTP ${response.status}); try again`);
    return new Problem(response.status, response.statusText, `refused (HTTP ${response.status})`);
  }
}
