import type { ComponentChildren } from "preact";

export interface Column<Row> {
  head: string;
  /** Shown in the head, e.g. "kWh". */
  unit?: string;
  numeric?: boolean;
  /** Names the row: the heading of its card on a phone. At most one column. */
  names?: boolean;
  cell: (row: Row) => ComponentChildren;
}

interface Props<Row> {
  /** What it shows, for those who don't see it. */
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  /** On a phone, numbers side by side. */
  dense?: boolean;
  /** What to say when there is no row. */
  empty: ComponentChildren;
}

/** A table; on a phone each row becomes a card with its cells' heads beside them. */
export function Table<Row>({ caption, columns, rows, rowKey, empty, dense = false }: Props<Row>) {
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  return (
    <table class={dense ? "cards dense" : "cards"}>
      <caption class="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column.head} scope="col" class={column.numeric ? "numeric" : ""}>
              {column.head}
              {column.unit && <span class="unit"> {column.unit}</span>}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={rowKey(row)}>{columns.map((column) => cell(column, row))}</tr>
        ))}
      </tbody>
    </table>
  );
}

function cell<Row>(column: Column<Row>, row: Row) {
  const about = { class: column.numeric ? "numeric" : "", "data-head": column.head, "data-unit": column.unit ?? "" };
  if (column.names) {
    return (
      <th key={column.head} scope="row" {...about}>
        {column.cell(row)}
      </th>
    );
  }
  return (
    <td key={column.head} {...about}>
      {column.cell(row)}
    </td>
  );
}
