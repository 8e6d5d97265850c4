import { useState } from "preact/hooks";
import { type Answer, Problem, send } from "../api.ts";
import { SelectField, TextField } from "../components/index.ts";
import type { Wrong } from "../logic/limit_typed.ts";
import { byField } from "../logic/pointers.ts";
import {
  type DemandField,
  inKind,
  isPricesTyped,
  linesOf,
  type PriceKind,
  type PricesTyped,
  type PriceTyped,
  pasted,
  pricesTyped,
  readDemand,
  readPrice,
  readValue,
  type WrongPrice,
} from "../logic/prices_typed.ts";
import { weeklyTime } from "../logic/rules_typed.ts";
import { save } from "../logic/saving.ts";
import { clockNotes } from "../logic/weekly.ts";
import { usePlatformNow } from "../polling.ts";
import type { Prices, SiteHead } from "../types.ts";
import { EditForm } from "./EditForm.tsx";
import { useEditing } from "./editing.ts";
import { pathOf } from "./place.ts";
import { RuleList } from "./RuleList.tsx";
import { useSaving } from "./saving.ts";
import { WeekPicture } from "./WeekPicture.tsx";

interface Props {
  site: SiteHead;
  prices: Prices;
  etag: string | null;
  reload: () => Promise<Answer<Prices>>;
  onSaved: () => void;
}

interface Shown {
  price: WrongPrice;
  feedIn: WrongPrice;
  demand: Wrong<DemandField>;
}

const NOTHING_WRONG: Shown = { price: {}, feedIn: {}, demand: {} };

/** What a kWh costs and earns, and what the highest peak costs. */
export function PriceForm({ site, prices, etag, reload, onSaved }: Props) {
  const editing = useEditing({
    siteId: site.id,
    form: "prices",
    value: prices,
    toTyped: pricesTyped,
    fits: isPricesTyped,
  });
  const saving = useSaving();
  const [tries, setTries] = useState(0);
  const [shown, setShown] = useState(NOTHING_WRONG);
  const { typed } = editing;
  const read = { price: readPrice(typed.price), feedIn: readPrice(typed.feedIn), demand: readDemand(typed.demand) };
  const fine = !read.price.wrong && !read.feedIn.wrong && !read.demand.wrong;
  const mine: Prices = {
    price_per_kwh: read.price.value,
    feed_in_per_kwh: read.feedIn.value,
    demand_charge: read.demand.value,
  };
  const said = saidOf(saving.outcome);
  const change = (part: Partial<PricesTyped>) => {
    setShown(NOTHING_WRONG);
    saving.reset();
    editing.type({ ...typed, ...part });
  };

  const onSave = async () => {
    setShown({ price: read.price.wrong ?? {}, feedIn: read.feedIn.wrong ?? {}, demand: read.demand.wrong ?? {} });
    if (fine) {
      await saving.run(async (confirm) => {
        await save({
          put: (over) => send("PUT", pathOf(site, "prices"), mine, { etag: over, confirm }),
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
      label="Prices"
      zone={site.time_zone}
      editing={editing}
      saving={saving}
      tries={tries}
      onSave={onSave}
      save="Save prices"
      compare={{ lines: linesOf, theirs: prices, mine: linesOf(mine) }}
      elsewhere={said[""] ? [said[""]] : []}
    >
      <PriceFields
        name="What a kWh costs"
        site={site}
        typed={typed.price}
        onType={(price) => change({ price })}
        wrong={{ ...(said.price && { one: said.price }), ...shown.price }}
      />
      <PriceFields
        name="What a kWh earns that flows out"
        site={site}
        typed={typed.feedIn}
        onType={(feedIn) => change({ feedIn })}
        wrong={{ ...(said.feedIn && { one: said.feedIn }), ...shown.feedIn }}
      />
      <fieldset>
        <legend>Demand charge</legend>
        <p class="hint">What the highest import of the billing period costs. Leave both empty if there is none.</p>
        <div class="row">
          <TextField
            label="Price per kW"
            unit="per kW"
            inputMode="decimal"
            value={typed.demand.price}
            onText={(price) => change({ demand: { ...typed.demand, price } })}
            error={shown.demand.price ?? said.demandPrice}
          />
          <TextField
            label="Highest so far"
            unit="kW"
            inputMode="decimal"
            value={typed.demand.peak}
            onText={(peak) => change({ demand: { ...typed.demand, peak } })}
            error={shown.demand.peak ?? said.demandPeak}
          />
        </div>
      </fieldset>
    </EditForm>
  );
}

function saidOf(outcome: { is: string; error?: unknown }) {
  const errors = outcome.error instanceof Problem ? outcome.error.errors : [];
  const inside = errors.map(({ pointer, detail }) => ({ pointer: pointer.replace(/^(.*?_per_kwh).*$/, "$1"), detail }));
  return byField(inside, {
    price: ["price_per_kwh"],
    feedIn: ["feed_in_per_kwh"],
    demandPrice: ["demand_charge/price_per_kw"],
    demandPeak: ["demand_charge/peak_kw"],
  });
}

const KINDS: readonly (readonly [PriceKind, string])[] = [
  ["none", "Not priced"],
  ["one", "One price, always"],
  ["week", "By hours of the week"],
  ["hours", "One for each hour of the day"],
];

interface FieldsProps {
  name: string;
  site: SiteHead;
  typed: PriceTyped;
  onType: (typed: PriceTyped) => void;
  wrong: WrongPrice;
}

function PriceFields({ name, site, typed, onType, wrong }: FieldsProps) {
  return (
    <fieldset>
      <legend>{name}</legend>
      <SelectField
        label={`${name}: how`}
        value={typed.kind}
        options={KINDS}
        error={typed.kind === "none" || typed.kind === "hours" ? wrong.one : undefined}
        onPick={(kind) => onType(inKind(typed, kind))}
      />
      {(typed.kind === "one" || typed.kind === "week") && (
        <TextField
          label={typed.kind === "one" ? `${name}: price` : `${name}: price when no rule holds`}
          unit="per kWh"
          inputMode="decimal"
          value={typed.one}
          onText={(one) => onType({ ...typed, one })}
          error={wrong.one}
        />
      )}
      {typed.kind === "hours" && <Hours typed={typed} onType={onType} wrong={wrong} />}
      {typed.kind === "week" && <Week name={name} site={site} typed={typed} onType={onType} wrong={wrong} />}
    </fieldset>
  );
}

function Hours({ typed, onType, wrong }: Omit<FieldsProps, "name" | "site">) {
  const type = (hour: number, text: string) => {
    const many = pasted(text);
    onType({ ...typed, hours: many ?? typed.hours.map((known, index) => (index === hour ? text : known)) });
  };
  return (
    <>
      <p class="hint">In the site's time. You can paste 24 numbers at once into any of these fields.</p>
      <div class="hours">
        {typed.hours.map((text, hour) => {
          const begins = `${String(hour).padStart(2, "0")}:00`;
          return (
            <TextField
              key={begins}
              label={begins}
              inputMode="decimal"
              value={text}
              onText={(next) => type(hour, next)}
              error={wrong.hours?.get(hour)}
            />
          );
        })}
      </div>
    </>
  );
}

function Week({ name, site, typed, onType, wrong }: FieldsProps) {
  const now = usePlatformNow(3_600_000);
  const times = typed.rules.map(weeklyTime);
  const notes = new Map<number, string[]>();
  for (const { entry, text } of clockNotes(times, site.time_zone, now)) {
    notes.set(entry, [...(notes.get(entry) ?? []), text]);
  }
  return (
    <div class="beside">
      <div>
        <RuleList
          rules={typed.rules}
          onType={(rules) => onType({ ...typed, rules })}
          wrong={wrong.rules ?? new Map()}
          notes={notes}
          blank=""
          whatFields={(value, place, onValue) => (
            <TextField
              label={`Rule ${place + 1}: price`}
              unit="per kWh"
              inputMode="decimal"
              value={value}
              onText={onValue}
              error={wrong.rules?.get(place)?.value}
            />
          )}
        />
      </div>
      <WeekPicture
        unit={`${name.toLowerCase()}, per kWh`}
        base={{ text: `${typed.one || "no price"} per kWh`, value: readValue(typed.one).value?.value ?? null }}
        rules={typed.rules.map((rule) => ({
          time: weeklyTime(rule),
          text: rule.what,
          value: readValue(rule.what).value?.value ?? null,
        }))}
      />
    </div>
  );
}
