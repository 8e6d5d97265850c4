import { number } from "../format.ts";

interface Props {
  value: number | null | undefined;
  unit: string;
  /** Behind the decimal point; left out: as many as the size of the value makes sensible. */
  digits?: number;
  none?: string;
}

/** A number with its unit, never apart. */
export function Quantity({ value, unit, digits, none = "–" }: Props) {
  if (value === null || value === undefined) return <>{none}</>;
  return (
    <span class="quantity">
      {number(value, digits)}
      <span class="unit"> {unit}</span>
    </span>
  );
}
