#!/usr/bin/env bash
# Print the path of a Chromium that is there; on Debian, as root, install one first. The browser tests drive it.
#
#   CHROMIUM=PATH local/chromium.sh    take this one
set -euo pipefail

found() {
    local name
    for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
        if [ -n "$name" ] && command -v "$name"; then return 0; fi
    done
    local mac="/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
    if [ -x "$mac" ]; then echo "$mac"; else return 1; fi
}

if found; then exit; fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "The browser tests need Chromium or Chrome. Install one (on Debian: sudo apt-get install chromium)," \
        "or give its path in CHROMIUM." >&2
    exit 1
fi
echo "setup: chromium, by apt-get" >&2
{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } >&2 || {
    echo "chromium could not be installed by apt-get; install it, or give the path of another in CHROMIUM." >&2
    exit 1
}
found
