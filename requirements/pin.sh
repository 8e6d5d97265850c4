#!/usr/bin/env bash
# make pin: choose the newest versions that the .in files allow and pin them, with hashes, for every platform.
# The layers get the very versions that the tests run with. No file names the registry they came from.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export UV_CACHE_DIR=${UV_CACHE_DIR:-$PWD/.tools/cache/uv}
uv=$(bash local/bootstrap.sh uv)

# pin NAME [OPTION…]: NAME.in -> NAME.txt
pin() {
    local name=$1
    shift
    "$uv" pip compile --quiet --upgrade --universal --python-version 3.13 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-header "$@" "$name.in" --output-file "$name.txt"
}

pin requirements/dev
pin requirements/sam
pin requirements/ministack
pin requirements/benchmarks-extrawest-ocpi --override <(echo 'pydantic<2')
pin requirements/benchmarks-py-ocpi
pin requirements/benchmarks-ocpi-python --constraint requirements/dev.txt
pin requirements/benchmarks-acnportal
pin layers/ocpi/requirements --constraint requirements/dev.txt
# What the layer ocpi brings already is not brought twice.
brought=$(sed -n 's/^\([A-Za-z0-9._-]*\)==.*/--no-emit-package=\1/p' layers/ocpi/requirements.txt)
# shellcheck disable=SC2086  # one option a word
pin layers/solver/requirements --constraint requirements/dev.txt $brought
