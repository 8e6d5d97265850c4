import type { ComponentChildren, JSX } from "preact";

type Kind = "primary" | "plain" | "danger";
type Props = Omit<JSX.IntrinsicElements["button"], "kind"> & {
  kind?: Kind;
  /** It works on it: says so, and takes no second click. */
  busy?: boolean;
  children: ComponentChildren;
};

export function Button({ kind = "plain", busy = false, children, type = "button", disabled, ...rest }: Props) {
  return (
    <button {...rest} type={type} class={`button ${kind}`} disabled={busy || disabled} aria-busy={busy}>
      {children}
    </button>
  );
}
