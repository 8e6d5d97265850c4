import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Offline, Problem, SignedOut } from "../api.ts";
import { Button, Confirm, Notice, TextField, Time } from "../components/index.ts";
import { bothChanged, differences, type Line } from "../logic/changed.ts";
import { inZone } from "../logic/clocks.ts";
import type { Editing } from "./editing.ts";
import type { Saving } from "./saving.ts";

interface Props<Value, Typed> {
  /** Names the form. */
  label: string;
  zone: string;
  editing: Editing<Typed>;
  saving: Saving;
  /** Raised with each try that was refused, so that the focus goes to what is wrong. */
  tries: number;
  onSave: () => void;
  save?: string;
  /** For those who saved at the same time. */
  compare: { lines: (value: Value) => Line[]; theirs: Value; mine: Line[] } | null;
  /** What the API finds wrong and no field shows; left out: all that it says is shown. */
  elsewhere?: readonly string[] | undefined;
  /** Why it is changed, where nothing else in the form says so. */
  reason?: Editing<string>;
  /** What was probably meant by what is odd. */
  rather?: Rather | null;
  children: ComponentChildren;
}

interface Rather {
  text: string;
  take: () => void;
}

/**
 * A form that loses nothing: what is typed stays until it is saved or discarded, whatever the platform answers.
 *
 * What is odd is asked about; what somebody else changed meanwhile is shown beside what was typed.
 */
export function EditForm<Value, Typed>(props: Props<Value, Typed>) {
  const {
    label,
    zone,
    editing,
    saving,
    tries,
    onSave,
    save = "Save",
    compare,
    elsewhere,
    reason,
    rather,
    children,
  } = props;
  const { outcome } = saving;
  // While it is being saved, what the platform says changes by ourselves.
  const conflict = editing.conflict && outcome.is !== "saving";
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (tries > 0) focusOnWrong(form.current);
  }, [tries]);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (outcome.is !== "saving") onSave();
  };
  const backToFields = () => {
    saving.reset();
    requestAnimationFrame(() => form.current?.querySelector<HTMLElement>("input, select, textarea")?.focus());
  };
  const since = editing.since ?? reason?.since ?? null;
  const discard = () => {
    editing.discard();
    reason?.discard();
    backToFields();
  };
  return (
    <form ref={form} class="edit" aria-label={label} noValidate onSubmit={submit}>
      {conflict && compare && (
        <Conflict
          before={compare.lines(editing.base as Value)}
          theirs={compare.lines(compare.theirs)}
          mine={compare.mine}
          said={
            outcome.is === "refused" && outcome.error instanceof Problem ? inZone(outcome.error.message, zone) : null
          }
          onTheirs={discard}
          onMine={() => {
            editing.rebase();
            backToFields();
          }}
        />
      )}
      {children}
      {reason && (
        <TextField
          label="Reason, if there is one to tell"
          value={reason.typed}
          maxLength={255}
          hint="Shown in the events, beside what was changed"
          onText={reason.type}
        />
      )}
      <Result saving={saving} elsewhere={elsewhere} conflict={conflict} rather={rather ?? null} />
      <div class="actions">
        <Button kind="primary" type="submit" busy={outcome.is === "saving"} disabled={conflict}>
          {save}
        </Button>
        {since !== null && (
          <Button onClick={discard} disabled={outcome.is === "saving"}>
            Discard changes
          </Button>
        )}
        {since !== null && (
          <span class="hint">
            Not saved yet; kept in this tab since <Time at={new Date(since).toISOString()} zone={zone} />.
          </span>
        )}
      </div>
    </form>
  );
}

/** To the first field that is wrong, else to what was said. */
function focusOnWrong(form: HTMLFormElement | null): void {
  const places = ["[aria-invalid=true]", ".conflict", ".result"];
  places
    .map((place) => form?.querySelector<HTMLElement>(place))
    .find(Boolean)
    ?.focus();
}

function Result({
  saving,
  elsewhere,
  conflict,
  rather,
}: {
  saving: Saving;
  elsewhere: readonly string[] | undefined;
  conflict: boolean;
  rather: Rather | null;
}) {
  const { outcome } = saving;
  return (
    <div class="result" tabIndex={-1}>
      {outcome.is === "saved" && <Notice kind="ok">{outcome.text}</Notice>}
      {outcome.is === "refused" && !conflict && <Refusal error={outcome.error} elsewhere={elsewhere} />}
      {outcome.is === "odd" && (
        <Confirm
          title="Is that meant?"
          problems={outcome.problems}
          yes="Yes, take it"
          no="No, back to the form"
          onYes={outcome.confirm}
          onNo={saving.reset}
        >
          {rather && <Button onClick={rather.take}>{rather.text}</Button>}
        </Confirm>
      )}
    </div>
  );
}

function Refusal({ error, elsewhere }: { error: unknown; elsewhere: readonly string[] | undefined }) {
  if (error instanceof SignedOut) {
    return (
      <Notice kind="warning" title="Not saved: your sign-in has ended.">
        <p>What you typed is kept. Sign in again, then save.</p>
      </Notice>
    );
  }
  if (error instanceof Offline) {
    return (
      <Notice kind="warning" title="Not saved, as far as is known.">
        <p>The platform did not answer. What you typed is kept: save again once the network is back.</p>
      </Notice>
    );
  }
  const located = error instanceof Problem && error.errors.length > 0 && elsewhere;
  if (!located) {
    return (
      <Notice kind="alarm" title="Not saved.">
        <p>{error instanceof Error ? error.message : String(error)}</p>
      </Notice>
    );
  }
  return (
    <Notice kind="alarm" title="Not saved.">
      {elsewhere.length ? (
        <ul>
          {elsewhere.map((each) => (
            <li key={each}>{each}</li>
          ))}
        </ul>
      ) : (
        <p>See the fields that are marked.</p>
      )}
    </Notice>
  );
}

interface ConflictProps {
  before: Line[];
  theirs: Line[];
  mine: Line[];
  said: string | null;
  onTheirs: () => void;
  onMine: () => void;
}

function Conflict({ before, theirs, mine, said, onTheirs, onMine }: ConflictProps) {
  const rows = differences(before, theirs, mine);
  return (
    <div class="conflict" tabIndex={-1}>
      <Notice kind="alarm" title="Somebody else has changed this since you began to type.">
        <p>{said ?? "Nothing of yours was saved, and nothing of it is lost."}</p>
      </Notice>
      <table class="cards">
        <caption>What was changed, by them and by you</caption>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">Before</th>
            <th scope="col">Now, as they saved it</th>
            <th scope="col">As you typed it</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.label} class={bothChanged(row) ? "clash" : ""}>
              <th scope="row">{row.label}</th>
              <td data-head="Before">{row.before ?? NOTHING}</td>
              <td data-head="Now, as they saved it">{changed(row.theirs, row.before)}</td>
              <td data-head="As you typed it">{changed(row.mine, row.before)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <div class="actions">
        <Button onClick={onTheirs}>Take theirs, drop mine</Button>
        <Button kind="primary" onClick={onMine}>
          Go on with mine
        </Button>
        <span class="hint">Going on saves nothing yet: you can still change it.</span>
      </div>
    </div>
  );
}

const NOTHING = "not there";

function changed(text: string | null, before: string | null) {
  return text === before ? (text ?? NOTHING) : <strong>{text ?? "removed"}</strong>;
}
