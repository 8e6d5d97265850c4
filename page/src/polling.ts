/** Read something again and again: while the page is seen, and less often while nobody answers. */

import { useEffect, useRef, useState } from "preact/hooks";
import { get, Offline, SignedOut } from "./api.ts";
import { now as platformNow } from "./now.ts";

export interface Polled<T> {
  /** The latest that was read; it stays while there is no newer. */
  data: T | undefined;
  /** Why there is none newer. */
  error: unknown;
  /** When it was read, in milliseconds since 1970. */
  seenAt: number | undefined;
  refresh: () => void;
}

const SLOWEST_MS = 30_000;

/** How long to wait after so many failures in a row; what takes long to answer is asked less often. */
export function pause(everyMs: number, failures: number, tookMs = 0): number {
  const slowest = Math.max(everyMs, SLOWEST_MS);
  return Math.min(Math.max(everyMs * 2 ** failures, 2 * tookMs), slowest);
}

/** `path` null: nothing to read. It is read at once when `path` changes. */
export function usePolled<T>(path: string | null, everyMs: number): Polled<T> {
  const [state, setState] = useState<{ path: string | null; data?: T; error?: unknown; seenAt?: number }>({ path });
  const again = useRef<() => void>(() => {});
  useEffect(() => {
    if (!path) return;
    const life = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let failures = 0;
    let running = false;
    let wanted = false;

    const look = async () => {
      if (running) {
        wanted = true;
        return;
      }
      clearTimeout(timer);
      running = true;
      wanted = false;
      const begun = Date.now();
      try {
        const { data } = await get<T>(path, life.signal);
        failures = 0;
        setState({ path, data, seenAt: Date.now() });
      } catch (error) {
        if (life.signal.aborted) return;
        // Without a token nothing is sent, so there is nothing to spare: it goes on as soon as there is one.
        if (!(error instanceof SignedOut)) failures += error instanceof Offline ? 1 : 4;
        setState((before) => ({ ...(before.path === path ? before : { path }), error }));
      } finally {
        running = false;
      }
      if (wanted) look();
      else if (!document.hidden) timer = setTimeout(look, pause(everyMs, failures, Date.now() - begun));
    };
    const seen = () => {
      if (!document.hidden) look();
    };

    again.current = look;
    look();
    document.addEventListener("visibilitychange", seen);
    addEventListener("online", seen);
    return () => {
      life.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
      removeEventListener("online", seen);
    };
  }, [path, everyMs]);
  const current = state.path === path ? state : undefined;
  return { data: current?.data, error: current?.error, seenAt: current?.seenAt, refresh: () => again.current() };
}

/** The latest that was there: while something else is read, it stays. */
export function useLast<T>(value: T | undefined): T | undefined {
  const last = useRef(value);
  if (value !== undefined) last.current = value;
  return last.current;
}

/** This machine's time, in milliseconds since 1970; again every so often. */
export function useNow(everyMs = 1000): number {
  return useTime(Date.now, everyMs);
}

/** The platform's time, likewise: what is asked of it is asked by its own clock. */
export function usePlatformNow(everyMs: number): number {
  return useTime(platformNow, everyMs);
}

function useTime(clock: () => number, everyMs: number): number {
  const [time, setTime] = useState(clock);
  useEffect(() => {
    const timer = setInterval(() => setTime(clock), everyMs);
    return () => clearInterval(timer);
  }, [clock, everyMs]);
  return time;
}
