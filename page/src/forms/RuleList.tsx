import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { Button, TextField } from "../components/index.ts";
import type { Wrong } from "../logic/limit_typed.ts";
import { newRule, type RuleField, type RuleTyped, weeklyTime } from "../logic/rules_typed.ts";
import { DAYS, longDay, readTime, shortDay, toldRule } from "../logic/weekly.ts";

interface Props<What> {
  rules: readonly RuleTyped<What>[];
  onType: (rules: RuleTyped<What>[]) => void;
  wrong: ReadonlyMap<number, Wrong<RuleField>>;
  /** What clock changes do to a rule, by its place. */
  notes: ReadonlyMap<number, readonly string[]>;
  /** For a new rule. */
  blank: What;
  whatFields: (what: What, place: number, onWhat: (what: What) => void) => ComponentChildren;
}

/** The rules of a week, one after another: all of it can be done by keyboard. */
export function RuleList<What>({ rules, onType, wrong, notes, blank, whatFields }: Props<What>) {
  const list = useRef<HTMLOListElement>(null);
  const add = useRef<HTMLDivElement>(null);
  const change = (place: number, part: Partial<RuleTyped<What>>) =>
    onType(rules.map((rule, index) => (index === place ? { ...rule, ...part } : rule)));
  const afterwards = (find: () => HTMLElement | null | undefined) => requestAnimationFrame(() => find()?.focus());
  const remove = (place: number) => {
    onType(rules.filter((_, index) => index !== place));
    afterwards(() => add.current?.querySelector("button"));
  };
  return (
    <>
      <ol class="rules" ref={list}>
        {rules.map((rule, place) => (
          <li key={place}>
            <fieldset>
              <legend>
                Rule {place + 1}
                <span class="hint"> {toldRule(weeklyTime(rule))}</span>
              </legend>
              <Days
                days={rule.days}
                place={place}
                error={wrong.get(place)?.days}
                onDays={(days) => change(place, { days })}
              />
              <div class="row">
                <TextField
                  label={`Rule ${place + 1}: from`}
                  type="time"
                  value={rule.start}
                  onText={(start) => change(place, { start })}
                  error={wrong.get(place)?.start}
                />
                <TextField
                  label={`Rule ${place + 1}: until`}
                  type="time"
                  value={rule.end}
                  onText={(end) => change(place, { end })}
                  error={wrong.get(place)?.end}
                  hint={endsNextDay(rule) ? "of the next day" : undefined}
                />
              </div>
              {whatFields(rule.what, place, (what) => change(place, { what }))}
              {notes.get(place)?.map((note) => (
                <p key={note} class="hint clock-note">
                  {note}
                </p>
              ))}
              <Button onClick={() => remove(place)}>Remove rule {place + 1}</Button>
            </fieldset>
          </li>
        ))}
      </ol>
      {!rules.length && <p class="empty">There are no rules: every hour of the week is the same.</p>}
      <div ref={add}>
        <Button
          onClick={() => {
            onType([...rules, newRule(blank)]);
            afterwards(() => list.current?.querySelector("li:last-child input"));
          }}
        >
          Add a rule
        </Button>
      </div>
    </>
  );
}

interface DaysProps {
  days: readonly RuleTyped<unknown>["days"][number][];
  place: number;
  error: string | undefined;
  onDays: (days: RuleTyped<unknown>["days"]) => void;
}

function Days({ days, place, error, onDays }: DaysProps) {
  const id = `rule-${place}-days`;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset in a fieldset is read twice by screen readers
    <div role="group" aria-label={`Rule ${place + 1}: days`} class={`days ${error ? "wrong" : ""}`}>
      {DAYS.map((day, index) => (
        <label key={day} title={longDay(day)}>
          <input
            type="checkbox"
            checked={days.includes(day)}
            aria-label={longDay(day)}
            aria-invalid={error ? "true" : undefined}
            aria-describedby={error ? id : undefined}
            onChange={(event) => {
              const chosen = event.currentTarget.checked;
              onDays(DAYS.filter((each) => (each === day ? chosen : days.includes(each))));
            }}
          />
          <span aria-hidden="true">{shortDay(index)}</span>
        </label>
      ))}
      {error && (
        <p class="error" id={id}>
          {error}
        </p>
      )}
    </div>
  );
}

function endsNextDay(rule: RuleTyped<unknown>): boolean {
  const [start, end] = [readTime(rule.start), readTime(rule.end)];
  return start !== null && end !== null && end <= start && end !== 0;
}
