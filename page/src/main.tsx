import { render } from "preact";
import { App } from "./app.tsx";
import { arrive } from "./auth.ts";

const root = document.getElementById("app");
if (!root) throw new Error("index.html has no #app");

let failed: unknown;
try {
  await arrive();
} catch (error) {
  failed = error;
}
root.textContent = "";
render(<App failed={failed} />, root);
// Opened over a page that is open already, a link that signs in changes its address only.
addEventListener("hashchange", () => {
  if (location.hash.startsWith("#token=")) location.reload();
});
