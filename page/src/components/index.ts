export { Button } from "./Button.tsx";
export { Choice } from "./Choice.tsx";
export { Confirm, Dialog } from "./Dialog.tsx";
export { Field, SelectField, TextField } from "./Field.tsx";
export { ErrorNotice, Notice } from "./Notice.tsx";
export { StateBadge } from "./StateBadge.tsx";
export { type Column, Table } from "./Table.tsx";
export { Span, Time } from "./Time.tsx";
export { Quantity } from "./Unit.tsx";
