import { download } from "./api.ts";

/** Fetch a page of the API and show it in a tab of its own, which has the rules of ours. */
export async function openFile(path: string, accept: string): Promise<void> {
  // At once, for browsers open no tab long after somebody has asked for it.
  const tab = window.open("about:blank");
  if (!tab) throw new Error("your browser has opened no other tab: allow it to, or save the report");
  try {
    const { blob } = await download(path, accept);
    tab.location.replace(URL.createObjectURL(blob));
  } catch (error) {
    tab.close();
    throw error;
  }
}

/** Fetch a file of the API and hand it to the browser to be saved. */
export async function saveFile(path: string, accept: string, name: string): Promise<string> {
  const { blob, name: given } = await download(path, accept);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = given ?? name;
  link.click();
  // Browsers read it a little later.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  return link.download;
}
