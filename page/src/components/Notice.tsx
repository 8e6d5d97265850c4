import type { ComponentChildren } from "preact";
import { Offline, Problem, SignedOut } from "../api.ts";

interface Props {
  kind: "info" | "ok" | "warning" | "alarm";
  title?: string | undefined;
  children?: ComponentChildren;
}

const SIGNS = { info: "i", ok: "✓", warning: "!", alarm: "!" };
const SPOKEN = { info: "Note", ok: "Done", warning: "Warning", alarm: "Alarm" };

/** A message in the flow of the page; screen readers hear it when it appears. */
export function Notice({ kind, title, children }: Props) {
  return (
    <div class={`notice ${kind}`} role={kind === "alarm" ? "alert" : "status"}>
      <span class="sign" aria-hidden="true">
        {SIGNS[kind]}
      </span>
      <div>
        <span class="visually-hidden">{SPOKEN[kind]}: </span>
        {title && <strong>{title}</strong>}
        {children}
      </div>
    </div>
  );
}

/** What went wrong with a call, with every wrong place that the API named. */
export function ErrorNotice({ error, title }: { error: unknown; title?: string }) {
  if (error instanceof SignedOut) return null;
  const errors = error instanceof Problem ? error.errors : [];
  return (
    <Notice kind={error instanceof Offline ? "warning" : "alarm"} title={title}>
      {errors.length === 0 && <p class="lines">{error instanceof Error ? error.message : String(error)}</p>}
      {errors.length > 0 && (
        <ul>
          {errors.map(({ pointer, detail }) => (
            <li key={pointer + detail}>
              {pointer && <code>{pointer}</code>} {detail}
            </li>
          ))}
        </ul>
      )}
    </Notice>
  );
}
