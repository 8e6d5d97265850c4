import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";

interface Wiring {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": "true" | undefined;
}

interface Labelled {
  label: string;
  /** What to enter, in a few words. */
  hint?: ComponentChildren;
  /** What is wrong with what was entered. */
  error?: string | null | undefined;
  /** Shown right behind the input, e.g. "kW". */
  unit?: string | undefined;
}

/** A label, its input (which takes the given wiring), its unit, hint and error. */
export function Field({
  label,
  hint,
  error,
  unit,
  children,
}: Labelled & { children: (wiring: Wiring) => JSX.Element }) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
  return (
    <div class={`field ${error ? "wrong" : ""}`}>
      <label for={id}>
        {label}
        {unit && <span class="visually-hidden"> in {unit}</span>}
      </label>
      <div class="entry">
        {children({ id, "aria-describedby": described, "aria-invalid": error ? "true" : undefined })}
        {unit && (
          <span class="unit" aria-hidden="true">
            {unit}
          </span>
        )}
      </div>
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p class="error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

type TextProps = Labelled & {
  value: string;
  onText: (text: string) => void;
  type?: "text" | "date" | "time" | "month" | "datetime-local" | "password";
  inputMode?: "text" | "decimal" | "numeric";
  required?: boolean;
  disabled?: boolean;
  placeholder?: string;
  maxLength?: number;
  autocomplete?: string;
  min?: string;
  max?: string;
  onBlur?: () => void;
};

export function TextField({ label, hint, error, unit, value, onText, ...rest }: TextProps) {
  return (
    <Field label={label} hint={hint} error={error} unit={unit}>
      {(wiring) => {
        const about = { ...rest, ...wiring, value } as JSX.IntrinsicElements["input"];
        return <input {...about} onInput={(event) => onText(event.currentTarget.value)} />;
      }}
    </Field>
  );
}

type SelectProps<T extends string> = Labelled & {
  value: T;
  options: readonly (readonly [T, string])[];
  onPick: (value: T) => void;
};

export function SelectField<T extends string>({ label, hint, error, value, options, onPick }: SelectProps<T>) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(wiring) => (
        <select {...wiring} value={value} onChange={(event) => onPick(event.currentTarget.value as T)}>
          {options.map(([key, text]) => (
            <option key={key} value={key}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
