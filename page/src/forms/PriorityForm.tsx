import { useState } from "preact/hooks";
import { type Answer, Problem, send } from "../api.ts";
import { TextField } from "../components/index.ts";
import type { Line } from "../logic/changed.ts";
import { readPriorities } from "../logic/priorities.ts";
import { save } from "../logic/saving.ts";
import type { SiteHead } from "../types.ts";
import { EditForm } from "./EditForm.tsx";
import { useEditing } from "./editing.ts";
import { pathOf } from "./place.ts";
import { useSaving } from "./saving.ts";

type Priorities = Record<string, number>;
type Typed = Record<string, string>;

interface Props {
  site: SiteHead;
  /** Those that are told to the platform, and those that charge now. */
  evses: readonly string[];
  priorities: Priorities;
  etag: string | null;
  reload: () => Promise<Answer<Priorities>>;
  onSaved: () => void;
}

const toTyped = (priorities: Priorities): Typed =>
  Object.fromEntries(Object.entries(priorities).map(([evse, value]) => [evse, String(value)]));
const fits = (value: unknown): value is Typed =>
  typeof value === "object" && value !== null && Object.values(value).every((each) => typeof each === "string");
const lines = (priorities: Priorities): Line[] =>
  Object.entries(priorities).map(([evse, value]) => ({ label: `EVSE ${evse}`, text: String(value) }));

/** Who is served first where there is not enough for all. */
export function PriorityForm({ site, evses, priorities, etag, reload, onSaved }: Props) {
  const editing = useEditing({ siteId: site.id, form: "priorities", value: priorities, toTyped, fits });
  const saving = useSaving();
  const [tries, setTries] = useState(0);
  const [shown, setShown] = useState<Record<string, string>>({});
  const { typed } = editing;
  const read = readPriorities(typed);
  const { outcome } = saving;
  const errors = outcome.is === "refused" && outcome.error instanceof Problem ? outcome.error.errors : [];
  const said = (evse: string) => errors.find(({ pointer }) => pointer.split(/[/.]/).includes(evse))?.detail;

  const onSave = async () => {
    const mine = read.value;
    setShown(read.wrong ?? {});
    if (mine) {
      await saving.run(async (confirm) => {
        await save({
          put: (over) => send("PUT", pathOf(site, "priorities"), mine, { etag: over, confirm }),
          reload,
          mine,
          base: editing.base,
          etag,
        });
        await reload();
        editing.discard();
        onSaved();
        return "Saved. The site is being planned anew.";
      });
    }
    setTries((count) => count + 1);
  };

  return (
    <EditForm
      label="Priorities"
      zone={site.time_zone}
      editing={editing}
      saving={saving}
      tries={tries}
      onSave={onSave}
      save="Save priorities"
      compare={{
        lines,
        theirs: priorities,
        mine: Object.entries(typed).map(([evse, text]) => ({ label: `EVSE ${evse}`, text })),
      }}
    >
      <p class="hint">1 is usual. Where there is not enough for all, an EVSE of 2 is served before one of 1.</p>
      <div class="hours">
        {evses.map((evse) => (
          <TextField
            key={evse}
            label={`EVSE ${evse}`}
            inputMode="decimal"
            placeholder="1"
            value={typed[evse] ?? ""}
            error={shown[evse] ?? said(evse)}
            onText={(text) => {
              setShown({});
              saving.reset();
              editing.type({ ...typed, [evse]: text });
            }}
          />
        ))}
      </div>
    </EditForm>
  );
}
