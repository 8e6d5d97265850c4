import { useState } from "preact/hooks";
import { Problem, send } from "../api.ts";
import { limitText } from "../format.ts";
import type { Line } from "../logic/changed.ts";
import {
  isLimitTyped,
  type LimitField,
  type LimitTyped,
  limitTyped,
  NO_LIMIT,
  readLimit,
} from "../logic/limit_typed.ts";
import { limitKw } from "../logic/numbers.ts";
import { byRule } from "../logic/pointers.ts";
import {
  isRuleTyped,
  type RuleTyped,
  readRules,
  ruleTyped,
  type WrongRules,
  weeklyTime,
} from "../logic/rules_typed.ts";
import { save } from "../logic/saving.ts";
import { clockNotes, toldRule } from "../logic/weekly.ts";
import { usePlatformNow } from "../polling.ts";
import type { WeeklyLimit } from "../types.ts";
import { EditForm } from "./EditForm.tsx";
import { useEditing } from "./editing.ts";
import { LimitFields, limitInBoth } from "./LimitFields.tsx";
import { type LimitsPlace, pathOf, reloaded } from "./place.ts";
import { RuleList } from "./RuleList.tsx";
import { useReason, withReason } from "./reason.ts";
import { useSaving } from "./saving.ts";
import { WeekPicture } from "./WeekPicture.tsx";

type Rules = RuleTyped<LimitTyped>[];

const NOTHING_WRONG: WrongRules<LimitField> = new Map();

const toTyped = (weekly: readonly WeeklyLimit[]): Rules => weekly.map((each) => ruleTyped(each, limitTyped(each)));
const fits = (value: unknown): value is Rules =>
  Array.isArray(value) && value.every((each) => isRuleTyped(each, isLimitTyped));

/** The weekly calendar: other limits at hours of the week that come again and again. */
export function WeeklyForm({ place }: { place: LimitsPlace }) {
  const { site, node, phases, limits, etag } = place;
  const editing = useEditing({ siteId: site.id, form: `${node}/weekly`, value: limits.weekly, toTyped, fits });
  const reason = useReason(place, "weekly");
  const saving = useSaving();
  const [tries, setTries] = useState(0);
  const [shown, setShown] = useState(NOTHING_WRONG);
  const now = usePlatformNow(3_600_000);
  const rules = editing.typed;
  const read = readRules(rules, (what) => readLimit(what, phases));
  const lines = (weekly: readonly WeeklyLimit[]): Line[] =>
    weekly.map((each) => ({ label: toldRule(each), text: limitInBoth(each, phases, site.voltage_v) }));
  const mine = rules.map((rule) => {
    const limit = readLimit(rule.what, phases).value;
    const text = limit ? limitInBoth(limit, phases, site.voltage_v) : "not a limit yet";
    return { label: toldRule(weeklyTime(rule)), text };
  });
  const { outcome } = saving;
  const errors = outcome.is === "refused" && outcome.error instanceof Problem ? outcome.error.errors : [];
  const said = byRule(errors, { kw: ["limit_kw"], a: ["limit_a"], start: ["start_time"], end: ["end_time"], days: [] });
  const wrong = new Map([...shown, ...said.rules]);

  const onSave = async () => {
    const weekly = read.value;
    setShown(read.wrong ?? NOTHING_WRONG);
    if (weekly) {
      await saving.run(async (confirm) => {
        const path = withReason(pathOf(site, "limits", node, "weekly"), reason.typed);
        await save({
          put: (over) => send("PUT", path, weekly, { etag: over, confirm }),
          reload: () => reloaded(place, (each) => each.weekly),
          mine: weekly as WeeklyLimit[],
          base: editing.base,
          etag,
        });
        await place.reload();
        editing.discard();
        reason.discard();
        place.onSaved();
        const count = weekly.length === 1 ? "1 rule" : `${weekly.length} rules`;
        return `Saved: ${count}. The site is being planned anew.`;
      });
    }
    setTries((count) => count + 1);
  };

  const notes = new Map<number, string[]>();
  for (const { entry, text } of clockNotes(rules.map(weeklyTime), site.time_zone, now)) {
    notes.set(entry, [...(notes.get(entry) ?? []), text]);
  }
  return (
    <EditForm
      label="Weekly calendar"
      zone={site.time_zone}
      editing={editing}
      saving={saving}
      tries={tries}
      onSave={onSave}
      save="Save calendar"
      compare={{ lines, theirs: limits.weekly, mine }}
      elsewhere={said.elsewhere}
      reason={reason}
    >
      <div class="beside">
        <div>
          <RuleList
            rules={rules}
            onType={(typed) => {
              setShown(NOTHING_WRONG);
              saving.reset();
              editing.type(typed);
            }}
            wrong={wrong}
            notes={notes}
            blank={{ ...NO_LIMIT, unit: limitTyped(limits.base).unit }}
            whatFields={(what, number, onWhat) => (
              <LimitFields
                typed={what}
                onType={onWhat}
                wrong={wrong.get(number) ?? {}}
                phases={phases}
                voltageV={site.voltage_v}
                present={limits.base}
                of={`Rule ${number + 1}`}
              />
            )}
          />
        </div>
        <WeekPicture
          unit="kW"
          base={{ text: `the base limit of ${limitText(limits.base)}`, value: limitKw(limits.base, site.voltage_v) }}
          rules={rules.map((rule) => {
            const limit = readLimit(rule.what, phases).value;
            const value = limit && limitKw(limit, site.voltage_v);
            return { time: weeklyTime(rule), text: limit ? limitText(limit) : "", value };
          })}
        />
      </div>
    </EditForm>
  );
}
