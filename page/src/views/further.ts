/** What is loaded once somebody looks further than at what goes on now. */

export { EventsView as events } from "./events.tsx";
export { HistoryView as history } from "./history.tsx";
export { LimitsView as limits } from "./limits.tsx";
export { PricesView as prices } from "./prices.tsx";
export { ReportsView as reports } from "./reports.tsx";
export { SignalsView as signals } from "./signals.tsx";
