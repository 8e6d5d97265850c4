import { Button, SelectField, TextField } from "../components/index.ts";
import { amperes, kilowatts, plain } from "../format.ts";
import {
  inUnit,
  type LimitField,
  type LimitTyped,
  type LimitUnit,
  readLimit,
  type Wrong,
} from "../logic/limit_typed.ts";
import { doubt, readLimitNumber, short } from "../logic/numbers.ts";
import type { Amperes, Limit, Phase } from "../types.ts";

interface Props {
  typed: LimitTyped;
  onType: (typed: LimitTyped) => void;
  wrong: Wrong<LimitField>;
  phases: readonly Phase[];
  voltageV: number;
  /** What a number is compared with, to see that it is in the unit that is meant. */
  present: Limit;
  /** Before each label, where there are many limits on the page. */
  of?: string;
}

/** A limit in kW or ampere. It says what it is in the other unit, and asks if it looks like W. */
export function LimitFields({ typed, onType, wrong, phases, voltageV, present, of = "" }: Props) {
  const units: [LimitUnit, string][] = [
    ["kW", phases.length > 1 ? "kW, all phases together" : "kW"],
    ["A", phases.length > 1 ? "A, the same on each phase" : "A"],
    ...(phases.length > 1 ? [["each", "A, for each phase"] as [LimitUnit, string]] : []),
  ];
  const now = presentOf(present, phases, voltageV);
  const label = (text: string) => (of ? `${of}: ${text}` : text);
  const read = readLimit(typed, phases);
  return (
    <div class="limit-fields">
      <SelectField
        label={label("Given in")}
        value={typed.unit}
        options={units}
        onPick={(unit) => onType(inUnit(typed, unit, phases, voltageV))}
      />
      {typed.unit === "kW" && (
        <LimitNumber
          label={label("Limit")}
          unit="kW"
          text={typed.kw}
          onText={(kw) => onType({ ...typed, kw })}
          error={wrong.kw}
          hint={read.value && `= ${shares(read.value.limit_kw ?? 0, phases, voltageV)}`}
          present={now.kw}
        />
      )}
      {typed.unit === "A" && (
        <LimitNumber
          label={label(phases.length > 1 ? "Limit on each phase" : "Limit")}
          unit="A"
          text={typed.a}
          onText={(a) => onType({ ...typed, a })}
          error={wrong.a}
          hint={read.value && `= ${power(read.value.limit_a ?? {}, voltageV)}`}
          present={now.a}
        />
      )}
      {typed.unit === "each" &&
        phases.map((phase) => (
          <LimitNumber
            key={phase}
            label={label(`Limit on ${phase}`)}
            unit="A"
            text={typed.each[phase] ?? ""}
            onText={(text) => onType({ ...typed, each: { ...typed.each, [phase]: text } })}
            error={wrong[phase]}
            hint={null}
            present={now.each[phase] ?? now.a}
          />
        ))}
      {typed.unit === "each" && read.value && <p class="hint">= {power(read.value.limit_a ?? {}, voltageV)} in all</p>}
    </div>
  );
}

/** What was probably meant by a limit that looks like W; null: it does not. */
export function meant(
  typed: LimitTyped,
  present: Limit,
  phases: readonly Phase[],
  voltageV: number,
): { typed: LimitTyped; text: string } | null {
  const { value } = readLimit(typed, phases);
  if (typed.unit !== "kW" || typeof value?.limit_kw !== "number") return null;
  const rather = doubt(value.limit_kw, presentOf(present, phases, voltageV).kw, "kW")?.rather ?? null;
  return rather === null ? null : { typed: { ...typed, kw: plain(rather) }, text: `${plain(rather)} kW` };
}

interface NumberProps {
  label: string;
  unit: "kW" | "A";
  text: string;
  onText: (text: string) => void;
  error: string | undefined;
  hint: string | null | false;
  present: number | null;
}

function LimitNumber({ label, unit, text, onText, error, hint, present }: NumberProps) {
  const read = text.trim() ? readLimitNumber(text, unit) : null;
  const value = read && "value" in read ? read.value : null;
  const doubted = value === null ? null : doubt(value, present, unit);
  const misread = read && "problem" in read ? read.problem : null;
  return (
    <div>
      <TextField
        label={label}
        unit={unit}
        inputMode="decimal"
        autocomplete="off"
        value={text}
        onText={onText}
        error={error}
        hint={doubted?.text ?? (misread && misread !== error ? misread : hint || undefined)}
      />
      {doubted?.rather != null && (
        <Button onClick={() => onText(plain(doubted.rather ?? 0))}>
          Take {plain(doubted.rather)} {unit}
        </Button>
      )}
      <p class="visually-hidden" aria-live="polite">
        {doubted?.text}
      </p>
    </div>
  );
}

function presentOf(limit: Limit, phases: readonly Phase[], voltageV: number) {
  if (typeof limit.limit_kw === "number") {
    const share = (limit.limit_kw * 1000) / (voltageV * phases.length);
    return { kw: limit.limit_kw, a: share, each: {} as Amperes };
  }
  const each = limit.limit_a ?? {};
  const values = Object.values(each);
  return { kw: kilowatts(each, voltageV), a: values.length ? Math.max(...values) : null, each };
}

function shares(kw: number, phases: readonly Phase[], voltageV: number): string {
  const share = (kw * 1000) / (voltageV * phases.length);
  return phases.length > 1 ? `${short(share)} A on each of ${phases.join(", ")}` : `${short(share)} A`;
}

function power(values: Amperes, voltageV: number): string {
  return `${short(kilowatts(values, voltageV))} kW`;
}

/** A limit in both units: "34.5 kW (50 A per phase)". */
export function limitInBoth(limit: Limit, phases: readonly Phase[], voltageV: number): string {
  if (typeof limit.limit_kw === "number")
    return `${plain(limit.limit_kw)} kW (${shares(limit.limit_kw, phases, voltageV)})`;
  return `${amperes(limit.limit_a ?? {})} (${power(limit.limit_a ?? {}, voltageV)})`;
}
