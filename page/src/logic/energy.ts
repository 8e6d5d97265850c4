import type { History } from "../types.ts";

/** What sessions took at a node, in kWh; steps of which nothing is known count as nothing. */
export function drawnKwh(past: History, node: string, voltageV: number): number {
  const lines = Object.values(past.nodes[node]?.ev_a ?? {});
  const ampere = lines.flat().reduce<number>((sum, value) => sum + (value ?? 0), 0);
  return (ampere * voltageV * past.step_s) / 3_600_000;
}
