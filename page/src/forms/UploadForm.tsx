import { useState } from "preact/hooks";
import { Problem, send } from "../api.ts";
import { Field, SelectField, Table } from "../components/index.ts";
import { short } from "../logic/numbers.ts";
import { type LineProblem, type Preview, preview, summary } from "../logic/series_csv.ts";
import { isUploadTyped, KIND_NAMES, type UploadTyped, unitOf } from "../logic/upload_typed.ts";
import { now } from "../now.ts";
import type { NodeNow, SeriesKind, SiteHead } from "../types.ts";
import { nodeName } from "../verdict.ts";
import { addDays, dayOf } from "../zone.ts";
import { EditForm } from "./EditForm.tsx";
import { useEditing } from "./editing.ts";
import { pathOf } from "./place.ts";
import { useSaving } from "./saving.ts";

interface Props {
  site: SiteHead;
  nodes: readonly NodeNow[];
  onSaved: () => void;
}

/** What the platform takes at most. */
const MOST_BYTES = 100_000;
const BLANK: UploadTyped = { kind: "price", node: "grid", text: "", name: "" };

/** Day-ahead prices and forecasts out of a file, or pasted, with a look at what would be read. */
export function UploadForm({ site, nodes, onSaved }: Props) {
  const editing = useEditing({
    siteId: site.id,
    form: "upload",
    value: null,
    toTyped: () => BLANK,
    fits: isUploadTyped,
  });
  const saving = useSaving();
  const [tries, setTries] = useState(0);
  const [shown, setShown] = useState<string | null>(null);
  const { typed } = editing;
  const isJson = /^\s*[[{]/.test(typed.text);
  const seen = typed.text.trim() && !isJson ? preview(typed.text, site.time_zone) : null;
  const tomorrow = addDays(dayOf(now(), site.time_zone), 1);
  const { outcome } = saving;
  const said = outcome.is === "refused" && outcome.error instanceof Problem ? outcome.error : null;
  const change = (part: Partial<UploadTyped>) => {
    setShown(null);
    saving.reset();
    editing.type({ ...typed, ...part });
  };

  const onSave = async () => {
    const problem = problemOf(typed.text);
    setShown(problem);
    if (!problem) {
      const where = typed.kind === "base_load_kw" ? `?node=${encodeURIComponent(typed.node)}` : "";
      await saving.run(async (confirm) => {
        const contentType = isJson ? "application/json" : "text/csv";
        await send("PUT", `${pathOf(site, "series", typed.kind)}${where}`, typed.text, { contentType, confirm });
        editing.discard();
        onSaved();
        const count = seen ? `${seen.rows.length} values` : "the values";
        return `Taken: ${count} of ${KIND_NAMES[typed.kind].toLowerCase()}. The site is being planned anew.`;
      });
    }
    setTries((count) => count + 1);
  };

  return (
    <EditForm
      label="Upload prices or a forecast"
      zone={site.time_zone}
      editing={editing}
      saving={saving}
      tries={tries}
      onSave={onSave}
      save="Upload"
      compare={null}
      elsewhere={said?.errors.map(({ pointer, detail }) => (pointer ? `${pointer}: ${detail}` : detail))}
    >
      <div class="row">
        <SelectField
          label="What it is"
          value={typed.kind}
          options={Object.entries(KIND_NAMES) as [SeriesKind, string][]}
          onPick={(kind) => change({ kind })}
        />
        {typed.kind === "base_load_kw" && nodes.length > 1 && (
          <SelectField
            label="Of"
            value={typed.node}
            options={nodes.map(({ id }) => [id, nodeName(id)] as const)}
            onPick={(node) => change({ node })}
          />
        )}
        <Field label="File" hint={typed.name ? `${typed.name} is in the field below` : "CSV or JSON"}>
          {(wiring) => (
            <input
              {...wiring}
              type="file"
              accept=".csv,.txt,.json,text/csv,application/json"
              onChange={async (event) => {
                const file = event.currentTarget.files?.[0];
                if (!file) return;
                const text = file.size > MOST_BYTES ? "" : await file.text();
                change({ text, name: file.name });
                if (file.size > MOST_BYTES)
                  setShown(`${file.name} has ${Math.round(file.size / 1000)} kB: 100 kB are the most.`);
              }}
            />
          )}
        </Field>
      </div>
      <Field
        label="Or paste it here"
        hint={`A line for each step: its start in the site's time (${site.time_zone}) and the value ${unitOf(typed.kind) === "kW" ? "in kW" : "per kWh"}, such as ${tomorrow} 17:00;0.36`}
        error={shown ?? (said?.errors.length ? "The platform does not take it: see below why." : null)}
      >
        {(wiring) => (
          <textarea
            {...wiring}
            rows={8}
            spellcheck={false}
            value={typed.text}
            onInput={(event) => change({ text: event.currentTarget.value })}
          />
        )}
      </Field>
      {seen && <Seen seen={seen} kind={typed.kind} text={typed.text} />}
      {isJson && <p class="hint">It is JSON: the platform reads it when you upload it.</p>}
    </EditForm>
  );
}

function problemOf(text: string): string | null {
  if (!text.trim()) return "Choose a file, or paste its lines.";
  const bytes = new TextEncoder().encode(text).length;
  return bytes > MOST_BYTES ? `These are ${Math.round(bytes / 1000)} kB: 100 kB are the most.` : null;
}

function Seen({ seen, kind, text }: { seen: Preview; kind: SeriesKind; text: string }) {
  const about = summary(seen.rows);
  const unit = unitOf(kind);
  return (
    <div class="preview" role="status">
      {about && (
        <p>
          Read: {seen.rows.length === 1 ? "1 value" : `${seen.rows.length} values`} on{" "}
          {seen.days.length === 1 ? "1 day" : `${seen.days.length} days`}
          {seen.stepMinutes && <>, one every {seen.stepMinutes} min</>}; from {short(about.least)} to{" "}
          {short(about.most)} {unit}, {short(about.mean)} on average.
        </p>
      )}
      {seen.notes.map((note) => (
        <p key={note} class="hint">
          {note}
        </p>
      ))}
      {seen.problems.length > 0 && (
        <>
          <p class="error">
            {seen.problems.length === 1 ? "One line looks" : `${seen.problems.length} lines look`} wrong.
          </p>
          <Table
            caption="Lines that look wrong"
            columns={[
              { head: "Line", names: true, cell: ({ line }: LineProblem) => `Line ${line}` },
              { head: "As it is", cell: ({ line }: LineProblem) => <code>{lineOf(text, line)}</code> },
              { head: "What is wrong", cell: (each: LineProblem) => each.text },
            ]}
            rows={seen.problems}
            rowKey={({ line, text: what }) => `${line} ${what}`}
            empty=""
          />
        </>
      )}
    </div>
  );
}

function lineOf(text: string, line: number): string {
  return (text.split(/\r\n|\n|\r/)[line - 1] ?? "").slice(0, 60);
}
