import { download } from "./api.ts";

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
