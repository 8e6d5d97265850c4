/** What every view of a site is given. */

import type { Me, Picture, Right, SiteHead } from "./types.ts";

export interface ViewProps {
  site: SiteHead;
  /** As it is now; made anew every few seconds. */
  picture: Picture;
  /** Who looks; known in every view but that of what goes on now. */
  me: Me | undefined;
  may: (right: Right) => boolean;
  /** What the address says after "?". */
  query: URLSearchParams;
  /** Look again at once, e.g. after a limit was changed. */
  refresh: () => void;
}
