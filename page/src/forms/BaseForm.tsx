import { useState } from "preact/hooks";
import { Problem, send } from "../api.ts";
import type { Line } from "../logic/changed.ts";
import {
  isLimitTyped,
  type LimitField,
  type LimitTyped,
  limitTyped,
  readLimit,
  type Wrong,
} from "../logic/limit_typed.ts";
import { byField, limitPlaces } from "../logic/pointers.ts";
import { save } from "../logic/saving.ts";
import type { Limit, Phase } from "../types.ts";
import { EditForm } from "./EditForm.tsx";
import { useEditing } from "./editing.ts";
import { LimitFields, limitInBoth, meant } from "./LimitFields.tsx";
import { type LimitsPlace, pathOf, reloaded } from "./place.ts";
import { useReason, withReason } from "./reason.ts";
import { useSaving } from "./saving.ts";

/** The limit that holds where neither calendar nor override does. */
export function BaseForm({ place }: { place: LimitsPlace }) {
  const { site, node, phases, limits, etag } = place;
  const editing = useEditing({
    siteId: site.id,
    form: `${node}/base`,
    value: limits.base,
    toTyped: limitTyped,
    fits: isLimitTyped,
  });
  const reason = useReason(place, "base");
  const saving = useSaving();
  const [tries, setTries] = useState(0);
  const [shown, setShown] = useState<Wrong<LimitField>>({});
  const read = readLimit(editing.typed, phases);
  const lines = (limit: Limit): Line[] => [{ label: "Base limit", text: limitInBoth(limit, phases, site.voltage_v) }];
  const mine = read.value ? lines(read.value) : [{ label: "Base limit", text: "not a limit yet" }];
  const said = errorsOf(saving.outcome, phases);

  const onSave = async () => {
    const limit = read.value;
    setShown(read.wrong ?? {});
    if (limit) {
      await saving.run(async (confirm) => {
        const path = withReason(pathOf(site, "limits", node, "base"), reason.typed);
        await save({
          put: (over) => send("PUT", path, limit, { etag: over, confirm }),
          reload: () => reloaded(place, ({ base }) => base),
          mine: limit,
          base: editing.base,
          etag,
        });
        await place.reload();
        editing.discard();
        reason.discard();
        place.onSaved();
        return `Saved: ${limitInBoth(limit, phases, site.voltage_v)}. The site is being planned anew.`;
      });
    }
    setTries((count) => count + 1);
  };

  const type = (typed: LimitTyped) => {
    setShown({});
    saving.reset();
    editing.type(typed);
  };
  const probably = meant(editing.typed, limits.base, phases, site.voltage_v);
  return (
    <EditForm
      label="Base limit"
      zone={site.time_zone}
      editing={editing}
      saving={saving}
      tries={tries}
      onSave={onSave}
      save="Save base limit"
      compare={{ lines, theirs: limits.base, mine }}
      elsewhere={said[""] ? [said[""]] : []}
      reason={reason}
      rather={probably && { text: `I meant ${probably.text}`, take: () => type(probably.typed) }}
    >
      <LimitFields
        typed={editing.typed}
        onType={type}
        wrong={{ ...shown, ...said }}
        phases={phases}
        voltageV={site.voltage_v}
        present={limits.base}
      />
    </EditForm>
  );
}

/** What the API said of the fields of a limit. */
function errorsOf(outcome: { is: string; error?: unknown }, phases: readonly Phase[]): Wrong<LimitField | ""> {
  return outcome.error instanceof Problem ? byField<LimitField>(outcome.error.errors, limitPlaces(phases)) : {};
}
