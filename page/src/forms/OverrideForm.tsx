import { useState } from "preact/hooks";
import { type FieldError, Problem, send } from "../api.ts";
import { TextField } from "../components/index.ts";
import { inZone } from "../logic/clocks.ts";
import { limitTyped, NO_LIMIT, type Wrong } from "../logic/limit_typed.ts";
import {
  isOverrideTyped,
  type NewOverride,
  type OverrideField,
  type OverrideTyped,
  overrideText,
  readOverride,
} from "../logic/override_typed.ts";
import { byField, limitPlaces } from "../logic/pointers.ts";
import { toLocal } from "../zone.ts";
import { EditForm } from "./EditForm.tsx";
import { useEditing } from "./editing.ts";
import { LimitFields, meant } from "./LimitFields.tsx";
import { MomentField } from "./MomentField.tsx";
import { type LimitsPlace, pathOf } from "./place.ts";
import { useSaving } from "./saving.ts";

/** Another limit from then to then, with the reason. */
export function OverrideForm({ place }: { place: LimitsPlace }) {
  const { site, node, phases, limits } = place;
  const zone = site.time_zone;
  const [blank, setBlank] = useState(() => blankOverride(place));
  const editing = useEditing({
    siteId: site.id,
    form: `${node}/override`,
    value: null,
    toTyped: () => blank,
    fits: isOverrideTyped,
  });
  const saving = useSaving();
  const [tries, setTries] = useState(0);
  const [shown, setShown] = useState<Wrong<OverrideField>>({});
  const { typed } = editing;
  const { outcome } = saving;
  const error = outcome.is === "refused" ? outcome.error : null;
  // That it overlaps another one is told of all of it.
  const errors = error instanceof Problem ? error.errors.map((each) => ofStart(each, zone)) : [];
  const places = { ...limitPlaces(phases), start: ["start"], end: ["end"], reason: ["reason"] };
  const said = byField<OverrideField>(errors, places);
  const wrong = { ...said, ...shown };
  const change = (part: Partial<OverrideTyped>) => {
    setShown({});
    saving.reset();
    editing.type({ ...typed, ...part });
  };

  /** It may overlap one that somebody else has added meanwhile: show that, and tell it in its own words. */
  const againstNewer = async (refusal: unknown) => {
    if (refusal instanceof Problem && refusal.status === 422) {
      const { data } = await place.reload();
      const overrides = data[node]?.overrides ?? [];
      setShown(readOverride(typed, overrides, { zone, phases, now: Date.parse(place.at) }).wrong ?? {});
    }
    throw refusal;
  };

  const onSave = async () => {
    const read = readOverride(typed, limits.overrides, { zone, phases, now: Date.parse(place.at) });
    setShown(read.wrong ?? {});
    if (read.value) {
      const override: NewOverride = read.value;
      await saving.run(async (confirm) => {
        await send("POST", pathOf(site, "limits", node, "overrides"), override, {
          confirm,
          idempotencyKey: typed.key,
        }).catch(againstNewer);
        await place.reload();
        editing.discard();
        setBlank(blankOverride(place));
        place.onSaved();
        return `Added: ${overrideText(override, zone)}. The site is being planned anew.`;
      });
    }
    setTries((count) => count + 1);
  };

  const probably = meant(typed.limit, limits.base, phases, site.voltage_v);
  return (
    <EditForm
      label="Add an override"
      zone={zone}
      editing={editing}
      saving={saving}
      tries={tries}
      onSave={onSave}
      save="Add override"
      compare={null}
      elsewhere={said[""] ? [said[""]] : []}
      rather={probably && { text: `I meant ${probably.text}`, take: () => change({ limit: probably.typed }) }}
    >
      <LimitFields
        typed={typed.limit}
        onType={(limit) => change({ limit })}
        wrong={wrong}
        phases={phases}
        voltageV={site.voltage_v}
        present={limits.base}
      />
      <label class="check">
        <input
          type="checkbox"
          checked={typed.fromNow}
          aria-invalid={typed.fromNow && wrong.start ? "true" : undefined}
          aria-describedby={typed.fromNow && wrong.start ? "override-now-error" : undefined}
          onChange={(event) => change({ fromNow: event.currentTarget.checked })}
        />
        From now on
      </label>
      {typed.fromNow ? (
        wrong.start && (
          <p class="error" id="override-now-error">
            {wrong.start}
          </p>
        )
      ) : (
        <MomentField
          label="Start"
          typed={typed.start}
          onType={(start) => change({ start })}
          error={wrong.start}
          zone={zone}
        />
      )}
      <label class="check">
        <input
          type="checkbox"
          checked={typed.forEver}
          onChange={(event) => change({ forEver: event.currentTarget.checked })}
        />
        Until it is removed
      </label>
      {!typed.forEver && (
        <MomentField label="End" typed={typed.end} onType={(end) => change({ end })} error={wrong.end} zone={zone} />
      )}
      <TextField
        label="Reason"
        value={typed.reason}
        maxLength={255}
        hint="For example: works on the transformer"
        onText={(reason) => change({ reason })}
        error={wrong.reason}
      />
    </EditForm>
  );
}

function ofStart({ pointer, detail }: FieldError, zone: string): FieldError {
  return { pointer: pointer.replace(/\/overrides\/\d+$/, "/start"), detail: inZone(detail, zone) };
}

/** From now on for two hours, in the unit of the base limit. */
function blankOverride({ site, limits, at }: LimitsPlace): OverrideTyped {
  const hours = (count: number) => {
    const local = toLocal(Date.parse(at) + count * 3_600_000, site.time_zone);
    return { local: `${local.slice(0, 13)}:00`, second: false };
  };
  return {
    fromNow: true,
    start: hours(1),
    forEver: false,
    end: hours(3),
    limit: { ...NO_LIMIT, unit: limitTyped(limits.base).unit },
    reason: "",
    key: crypto.randomUUID(),
  };
}
