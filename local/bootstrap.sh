#!/usr/bin/env bash
# Set up everything this project runs with, inside the project folder: uv, Python 3.13, .venv (the project),
# .tools/sam (build and deploy), .tools/ministack (the local AWS), and the page that the platform serves, built with npm.
# A second run finds it all in place.
#
#   local/bootstrap.sh        set up
#   local/bootstrap.sh uv     find or install uv and print its path
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# An active environment of some other project must not become ours.
unset VIRTUAL_ENV PYTHONHOME PYTHONPATH

UV_VERSION=0.13.9
PYTHON=3.13
tools=$PWD/.tools
export UV_CACHE_DIR=${UV_CACHE_DIR:-$tools/cache/uv} UV_PYTHON_INSTALL_DIR=$tools/python UV_PYTHON_INSTALL_BIN=0
export UV_PYTHON_DOWNLOADS=manual

say() { printf '%s\n' "$*" >&2; }
fail() { say "setup: $*"; exit 1; }

# Any Python that starts and is new enough to install uv. A pyenv shim named python3 fails in a folder whose
# .python-version it can't serve, so being on the PATH is not enough, and the names behind it are tried as well.
some_python() {
    local candidate
    for candidate in python3 python3.13 python3.14 python3.12 python3.11 python3.10 python3.9 \
        /usr/bin/python3 /usr/local/bin/python3 /opt/homebrew/bin/python3 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.*/bin/python3 python; do
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 8))' >/dev/null 2>&1 && echo "$candidate" && return
    done
    fail "no Python 3.8 or newer starts here: install python3, then run this again"
}

install_uv() {
    local python target=$tools/uv
    python=$(some_python)
    say "setup: installing uv $UV_VERSION into .tools/uv"
    rm -rf "$target" && mkdir -p "$target"
    # Debian's python3 may lack venv and ensurepip, or pip, or both.
    if "$python" -m venv "$target" >/dev/null 2>&1; then
        "$target/bin/python" -m pip install -qq --no-cache-dir --disable-pip-version-check "uv==$UV_VERSION" >&2
    elif "$python" -m pip --version >/dev/null 2>&1; then
        rm -rf "$target" && mkdir -p "$target"
        "$python" -m pip install -qq --no-cache-dir --disable-pip-version-check --target "$target" "uv==$UV_VERSION" >&2
    else
        rm -rf "$target"
        fail "$python has neither venv nor pip: install python3-venv (or python3-pip, or uv itself), then run this again"
    fi || { rm -rf "$target"; fail "uv could not be installed: is the package registry reachable?"; }
}

find_uv() {
    local uv=$tools/uv/bin/uv
    if uv --version >/dev/null 2>&1; then command -v uv; return; fi
    "$uv" --version >/dev/null 2>&1 || install_uv
    "$uv" --version >/dev/null 2>&1 || fail "uv $UV_VERSION was installed into .tools/uv but does not start"
    echo "$uv"
}

# uv looks on the PATH, among its own Pythons and beside pyenv's shims.
find_python() {
    local found candidate
    found=$("$uv" python find --system --no-project "$PYTHON" 2>/dev/null) && echo "$found" && return
    for candidate in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$PYTHON"*/bin/python"$PYTHON" /usr/bin/python"$PYTHON" \
        /usr/local/bin/python"$PYTHON" /opt/homebrew/bin/python"$PYTHON"; do
        "$candidate" -c 'import venv' >/dev/null 2>&1 && echo "$candidate" && return
    done
    say "setup: no Python $PYTHON on this machine; trying to install one into .tools/python"
    "$uv" python install --no-bin "$PYTHON" >&2 2>/dev/null && "$uv" python find --system --no-project "$PYTHON" && return
    fail "no Python $PYTHON here, and none could be downloaded: install it (pyenv install $PYTHON, or your system's
       package python$PYTHON), then run this again"
}

# What of pyproject.toml an installation depends on: all before the settings of the tools.
about() {
    [ -z "$1" ] || sed '/^\[tool.ruff/q' "$1/pyproject.toml"
}

# environment DIRECTORY REQUIREMENTS [PATH_OF_PROJECT_TO_INSTALL]
# The stamp holds what the environment was made of, so it is made anew when that changes or the clone moves.
environment() {
    local directory=$1 requirements=$2 project=${3:-} stamp
    stamp="$PWD $UV_VERSION $({ cat "$requirements"; about "$project"; } | cksum)"
    if [ "$(cat "$directory/.stamp" 2>/dev/null)" = "$stamp" ] && "$directory/bin/python" -c '' 2>/dev/null; then return; fi
    uv=${uv:-$(find_uv)}
    python=${python:-$(find_python)}
    say "setup: $directory from $requirements"
    rm -f "$directory/.stamp"
    "$uv" venv --quiet --clear --no-project --python "$python" "$directory"
    "$uv" pip install --quiet --python "$directory/bin/python" --require-hashes -r "$requirements" ||
        fail "the packages of $requirements could not be installed: is the package registry reachable?"
    if [ -n "$project" ]; then
        "$uv" pip install --quiet --python "$directory/bin/python" --no-deps --no-build-isolation --editable "$project"
    fi
    echo "$stamp" >"$directory/.stamp"
}

# layer DIRECTORY
# Fetch the packages of a Lambda layer into uv's cache, so that `sam build` needs no network afterwards.
layer() {
    local requirements=$1/requirements.txt fetched=$tools/layers/$1 stamp
    stamp="$PWD $UV_VERSION $UV_CACHE_DIR $(cksum <"$requirements")"
    if [ "$(cat "$fetched.stamp" 2>/dev/null)" = "$stamp" ]; then return; fi
    uv=${uv:-$(find_uv)}
    say "setup: the packages of $1"
    rm -rf "$fetched"
    mkdir -p "$fetched"
    "$uv" pip install --quiet --target "$fetched" --python .venv/bin/python --no-deps --require-hashes \
        --python-platform x86_64-manylinux_2_28 --only-binary :all: -r "$requirements" ||
        fail "the packages of $requirements could not be fetched: is the package registry reachable?"
    rm -rf "$fetched"
    echo "$stamp" >"$fetched.stamp"
}

# page
# Install what the page is made with and build it into functions/energy/assets, each only if its sources have changed.
page() {
    local node assets=functions/energy/assets installed built
    node=$(node --version 2>/dev/null) ||
        fail "node does not start here: install node 20 or newer with npm, then run this again"
    node=${node#v}
    [ "${node%%.*}" -ge 20 ] ||
        fail "the page is built with node 20 or newer, this is $node: install a newer one, then run this again"
    installed="$PWD $node $(cksum <page/package-lock.json)"
    if [ "$(cat page/node_modules/.stamp 2>/dev/null)" != "$installed" ]; then
        say "setup: the packages of page"
        npm ci --prefix page --ignore-scripts --loglevel=error --cache "${npm_config_cache:-$tools/cache/npm}" >/dev/null ||
            fail "the packages of page/package-lock.json could not be installed: are npm and its registry reachable?"
        echo "$installed" >page/node_modules/.stamp
    fi
    built="$installed $(find page/src page/build.mjs page/index.html page/icon.svg -type f -print0 | LC_ALL=C sort -z |
        xargs -0 cksum | cksum)"
    if [ -f $assets/index.html ] && [ "$(cat page/node_modules/.built 2>/dev/null)" = "$built" ]; then return; fi
    say "setup: the page"
    rm -f page/node_modules/.built
    node page/build.mjs >&2 || fail "the page could not be built"
    echo "$built" >page/node_modules/.built
}

if [ "${1:-}" = uv ]; then find_uv; exit; fi
environment .venv requirements/dev.txt .
environment .tools/sam requirements/sam.txt
environment .tools/ministack requirements/ministack.txt
layer layers/ocpi
layer layers/solver
page
