/** The platform's time: a phone's clock may be wrong, and a platform that plays a day has one of its own. */

let ahead = 0;

/** The platform has just said that it is `at`. A second or two on the way are no difference. */
export function heard(at: string): void {
  const difference = Date.parse(at) - Date.now();
  ahead = Math.abs(difference) > 2_000 ? difference : 0;
}

/** In milliseconds since 1970. */
export function now(): number {
  return Date.now() + ahead;
}
