/** What every view of a site is given. */

import type { Picture, Right, SiteHead } from "./types.ts";

export interface ViewProps {
  site: SiteHead;
  /** As it is now; made anew every few seconds. */
  picture: Picture;
  may: (right: Right) => boolean;
  /** What the address says after "?". */
  query: URLSearchParams;
  /** Look again at once, e.g. after a limit was changed. */
  refresh: () => void;
}
