import { useState } from "preact/hooks";
import { SelectField, TextField } from "../components/index.ts";
import { type DateSpan, named, problemOf, SPANS, type SpanName } from "../logic/months.ts";

type Choice = SpanName | "dates";

interface Props {
  span: DateSpan;
  /** null: it is between two dates. */
  name: SpanName | null;
  onPick: (query: Record<string, string>) => void;
}

/** Which days to look at, in the site's calendar. Dates that cannot be are told, and what was shown stays. */
export function SpanPicker({ span, name, onPick }: Props) {
  const [typed, setTyped] = useState<DateSpan | null>(null);
  const shown = typed ?? span;
  const problem = typed && problemOf(typed);
  const type = (next: DateSpan) => {
    const fine = problemOf(next) === null;
    setTyped(fine ? null : next);
    if (fine) onPick({ first: next.first, last: next.last });
  };
  const options: [Choice, string][] = [
    ...(Object.entries(SPANS) as [SpanName, string][]),
    ["dates", "Between two dates"],
  ];
  return (
    <>
      <SelectField
        label="When"
        value={name ?? "dates"}
        options={options}
        onPick={(choice) => {
          setTyped(null);
          onPick(choice === "dates" ? { ...span } : { span: choice });
        }}
      />
      {name === null && (
        <>
          <TextField
            label="First day"
            type="date"
            value={shown.first}
            onText={(first) => type({ ...shown, first })}
            error={problem}
          />
          <TextField label="Last day" type="date" value={shown.last} onText={(last) => type({ ...shown, last })} />
        </>
      )}
    </>
  );
}

/** The span that an address asks for: by name, by dates, or else `usual`. */
export function spanOf(
  query: URLSearchParams,
  usual: SpanName,
  now: number,
  zone: string,
): { span: DateSpan; name: SpanName | null } {
  const span = { first: query.get("first") ?? "", last: query.get("last") ?? "" };
  if (query.has("first") && problemOf(span) === null) return { span, name: null };
  const asked = query.get("span");
  const name = asked && asked in SPANS ? (asked as SpanName) : usual;
  return { span: named(name, now, zone), name };
}
