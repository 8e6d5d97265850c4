/** What a view reads from the API, with a way to read it anew. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { type Answer, get } from "./api.ts";
import { useSignedIn } from "./auth.ts";

export interface Resource<T> {
  data: T | null;
  etag: string | null;
  error: unknown;
  loading: boolean;
  /** Read it again; what was read before stays shown meanwhile, and if it fails. */
  reload: () => Promise<Answer<T>>;
}

/**
 * Read `path` when the view appears, whenever it changes, and after signing in again; null reads nothing.
 *
 * With `everyMs` it is looked at anew while the page is seen, so that what others change shows.
 */
export function useResource<T>(path: string | null, everyMs?: number): Resource<T> {
  const [state, setState] = useState<{ path: string | null; answer: Answer<T> | null; error: unknown }>(NOTHING);
  const signedIn = useSignedIn();
  const wanted = useRef(path);
  wanted.current = path;
  const reload = useCallback(async () => {
    if (path === null) throw new Error("there is nothing to read");
    try {
      const answer = await get<T>(path);
      if (wanted.current === path) setState({ path, answer, error: null });
      return answer;
    } catch (error) {
      if (wanted.current === path)
        setState((before) => ({ path, answer: before.path === path ? before.answer : null, error }));
      throw error;
    }
  }, [path]);
  useEffect(() => {
    if (path !== null && signedIn) reload().catch(() => undefined);
  }, [path, signedIn, reload]);
  useEffect(() => {
    if (path === null || !everyMs || !signedIn) return;
    const look = async () => {
      if (document.hidden) return;
      // What is shown stays; that there is no news is told by the site's frame.
      const answer = await get<T>(path).catch(() => null);
      if (answer && wanted.current === path) setState({ path, answer, error: null });
    };
    const timer = setInterval(look, everyMs);
    return () => clearInterval(timer);
  }, [path, everyMs, signedIn]);
  const current = state.path === path ? state : NOTHING;
  return {
    data: current.answer?.data ?? null,
    etag: current.answer?.etag ?? null,
    error: current.error,
    loading: path !== null && current.answer === null && current.error === null,
    reload,
  };
}

const NOTHING = { path: null, answer: null, error: null };
