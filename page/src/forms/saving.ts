/** How far saving has come, and what stands in its way. */

import { useState } from "preact/hooks";
import { Problem } from "../api.ts";
import { asked } from "../logic/pointers.ts";

export type Outcome =
  | { is: "idle" }
  | { is: "saving" }
  | { is: "saved"; text: string }
  | { is: "odd"; problems: string[]; confirm: () => void }
  | { is: "refused"; error: unknown };

export interface Saving {
  outcome: Outcome;
  /** Run `call`, which says what was done; it is run again with `true` once somebody has confirmed what is odd. */
  run: (call: (confirm: boolean) => Promise<string>) => Promise<void>;
  reset: () => void;
}

export function useSaving(): Saving {
  const [outcome, setOutcome] = useState<Outcome>({ is: "idle" });
  const attempt = async (call: (confirm: boolean) => Promise<string>, confirmed: boolean) => {
    setOutcome({ is: "saving" });
    try {
      setOutcome({ is: "saved", text: await call(confirmed) });
    } catch (error) {
      const problems = error instanceof Problem && !confirmed ? (error.confirm ?? []) : [];
      if (problems.length) setOutcome({ is: "odd", problems: problems.map(asked), confirm: () => attempt(call, true) });
      else setOutcome({ is: "refused", error });
    }
  };
  return { outcome, run: (call) => attempt(call, false), reset: () => setOutcome({ is: "idle" }) };
}
