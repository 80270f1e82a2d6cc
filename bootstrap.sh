#!/usr/bin/env bash
# Makes .venv from nothing, or brings it up to date; quick when nothing changed.
#
#   ./bootstrap.sh         set up: PYTHON=/path/to/python chooses the interpreter of a new .venv, NO_UV=1 keeps to pip
#   ./bootstrap.sh browser the headless Chromium the tests drive: the system's, else installed by apt-get or Playwright
#   ./bootstrap.sh lock    write requirements.lock anew from pyproject.toml (UPGRADE=1 takes newer versions)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# A bare venv must not see the packages of another one, and bytecode is wanted whatever the environment says.
unset PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME VIRTUAL_ENV
VENV_PYTHON=.venv/bin/python
STAMP=.venv/stamp

if [ -t 2 ]; then quiet=''; else quiet=--quiet; fi

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# --- interpreters: found by executing them, since a pyenv shim exists even where its Python does not -------------------

# Prints the interpreter behind a shim or a venv, and fails unless it is one for us.
suits() {
    "$1" -c 'import sys; print(sys._base_executable); sys.exit(not (3, 12) <= sys.version_info[:2] < (3, 14))' 2>/dev/null
}
makes_venvs() { "$1" -c 'import venv, ensurepip' >/dev/null 2>&1; }

candidates() {
    local root
    if [ -n "${PYTHON:-}" ]; then printf '%s\n' "$PYTHON"; fi
    printf '%s\n' python3.13 python3.12 python3
    for root in "${PYENV_ROOT:-}" "${HOME:-}/.pyenv"; do
        if [ -n "$root" ]; then printf '%s\n' "$root"/versions/3.13.*/bin/python3 "$root"/versions/3.12.*/bin/python3; fi
    done
}

# Sets `python` (3.12 or 3.13, able to make a venv), else `bare` (3.12 or 3.13 without ensurepip).
find_python() {
    local candidate found
    python='' bare=''
    while IFS= read -r candidate; do
        found=$(suits "$candidate") || continue
        if makes_venvs "$found"; then python=$found; return; fi
        bare=${bare:-$found}
    done < <(candidates)
}

# --- uv: quicker than pip, and able to fetch a Python; never required ---------------------------------------------------

# Sets `uv`, or leaves it empty.
find_uv() {
    uv=''
    if [ -z "${NO_UV:-}" ] && uv --version >/dev/null 2>&1; then uv=uv; fi
}

# Puts uv into .bootstrap with any Python that can, whatever its version.
fetch_uv() {
    local any
    for any in "${python:-}" "${bare:-}" python3; do
        if [ -z "$any" ] || ! "$any" --version >/dev/null 2>&1; then continue; fi
        if makes_venvs "$any"; then
            "$any" -m venv .bootstrap && .bootstrap/bin/python -m pip install --quiet uv || continue
        else # Debian without python3-venv: pip may write to a folder of ours all the same
            "$any" -m pip install --quiet --target .bootstrap uv || continue
        fi
        uv=.bootstrap/bin/uv
        return
    done >&2
    return 1
}

# --- setting up ---------------------------------------------------------------------------------------------------------

# All that the content of .venv depends on.
fingerprint() { cat pyproject.toml requirements.lock bootstrap.sh; }
# A venv cannot be moved, and its interpreter may have gone.
usable() { [ "$(cat .venv/place 2>/dev/null)" = "$PWD" ] && suits $VENV_PYTHON >/dev/null; }
up_to_date() { usable && fingerprint | cmp -s - $STAMP; }

make_venv() {
    find_python
    if [ -n "$uv" ]; then
        "$uv" venv --quiet --clear --python "${python:-${bare:-3.13}}" .venv && return
    fi
    if [ -n "$python" ]; then
        "$python" -m venv --clear .venv
    elif [ -n "$bare" ] && "$bare" -m virtualenv --version >/dev/null 2>&1; then
        "$bare" -m virtualenv --quiet --clear .venv
    elif [ -z "${NO_UV:-}" ] && say "No Python 3.12 or 3.13 that can make a venv: trying uv for one." && fetch_uv &&
        "$uv" venv --quiet --clear --python "${bare:-3.13}" .venv; then
        return
    elif [ -n "$bare" ]; then
        die "$bare cannot make a venv: install its venv package (Debian, Ubuntu: apt install python3-venv), then run this again."
    else
        die "Tradegraph needs Python 3.12 or 3.13: install one (with its venv module), or name it: PYTHON=/path/to/python make setup"
    fi
}

install_with_uv() {
    "$uv" pip install $quiet --python $VENV_PYTHON --compile-bytecode --require-hashes -r requirements.lock &&
        "$uv" pip install $quiet --python $VENV_PYTHON --no-deps --no-build-isolation -e .
}

install_with_pip() {
    $VENV_PYTHON -m pip --version >/dev/null 2>&1 || $VENV_PYTHON -m ensurepip >/dev/null || return
    $VENV_PYTHON -m pip install --quiet --compile --disable-pip-version-check --require-hashes -r requirements.lock &&
        $VENV_PYTHON -m pip install --quiet --compile --disable-pip-version-check --no-deps --no-build-isolation -e .
}

# Without bytecode each start would compile again. A file that does not compile yet is no matter of setup.
compile_project() {
    local room rooms=()
    for room in engine nodes server; do if [ -d $room ]; then rooms+=($room); fi; done
    if [ ${#rooms[@]} -gt 0 ]; then $VENV_PYTHON -m compileall -qq "${rooms[@]}" || true; fi
}

setup() {
    if ! up_to_date; then
        find_uv
        if ! usable; then
            make_venv
            pwd > .venv/place
        fi
        say "Installing into .venv ($($VENV_PYTHON --version), ${uv:-pip}); the first time takes a minute or more ..."
        if ! { [ -n "$uv" ] && install_with_uv; } && ! install_with_pip; then
            die "the packages could not be installed (see above)."
        fi
        fingerprint > $STAMP
        say "Done."
    fi
    compile_project
}

# The tests open the report in a real browser.
has_browser() {
    command -v chromium || command -v chromium-browser || command -v google-chrome || $VENV_PYTHON -c '
import pathlib, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as p:
    sys.exit(not pathlib.Path(p.chromium.executable_path).exists())'
} >/dev/null 2>&1

browser() {
    if has_browser; then return; fi
    say "Installing a headless Chromium for the tests ..."
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium; } \
            >/dev/null || say "apt-get could not install chromium; trying Playwright's own."
    fi
    has_browser || .venv/bin/playwright install chromium || true
    has_browser || die "the tests need Chromium; install it (Debian: apt install chromium) and run this again."
}

lock() {
    find_python
    find_uv
    [ -n "$uv" ] || fetch_uv || die "uv is needed to write the lock, and could not be installed."
    # Without the machine's own settings: they would be written into the lock.
    local clean=(env -u UV_DEFAULT_INDEX -u UV_INDEX -u UV_INDEX_URL -u UV_EXTRA_INDEX_URL -u UV_FIND_LINKS "$uv" --no-config)
    "${clean[@]}" lock ${UPGRADE:+--upgrade} --python "${python:-3.13}"
    "${clean[@]}" export --quiet --frozen --all-groups --no-emit-project --no-header --no-annotate \
        --format requirements.txt -o requirements.lock
    if grep -n '://' requirements.lock; then die "requirements.lock names a host."; fi
}

# Several terminals may set up at once: the second waits for the first.
if command -v flock >/dev/null; then
    exec 9>.bootstrap.lock
    flock 9
fi

case "${1:-setup}" in
    setup) setup ;;
    browser) browser ;;
    lock) lock ;;
    *) die "usage: ./bootstrap.sh [setup|browser|lock]" ;;
esac
