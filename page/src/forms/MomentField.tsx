import { SelectField, TextField } from "../components/index.ts";
import { meaning } from "../logic/clocks.ts";
import type { MomentTyped } from "../logic/override_typed.ts";
import { clock } from "../zone.ts";

interface Props {
  label: string;
  typed: MomentTyped;
  onType: (typed: MomentTyped) => void;
  error: string | undefined;
  zone: string;
}

/** A date and a time of the site. When clocks go back, it asks which of the two is meant. */
export function MomentField({ label, typed, onType, error, zone }: Props) {
  const means = meaning(typed.local.slice(0, 16), zone);
  return (
    <>
      <TextField
        label={label}
        type="datetime-local"
        value={typed.local}
        onText={(local) => onType({ ...typed, local })}
        error={error}
        hint={`In the site's time, ${zone}`}
      />
      {means.kind === "twice" && (
        <SelectField
          label={`${label}: clocks go back, so ${clock(means.first, zone, "time")} comes twice`}
          value={typed.second ? "second" : "first"}
          options={[
            ["first", "The first, before clocks go back"],
            ["second", "The second, after clocks go back"],
          ]}
          onPick={(which) => onType({ ...typed, second: which === "second" })}
        />
      )}
    </>
  );
}
