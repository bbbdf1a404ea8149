#!/bin/sh
# Prepare .venv from a lock file: requirements.txt, or requirements-dev.txt, which contains it.
set -eu
cd "$(dirname "$0")/.."
lock=$1

# The stamp says what .venv holds, where and for which Python. It is written last and removed
# first, so a setup that was interrupted, or a .venv that was moved, starts again from nothing.
describe() {
    cksum "$1" && pwd -P && .venv/bin/python -VV
}
holds() {
    [ "$(cat .venv/stamp 2>/dev/null)" = "$(describe "$1" 2>/dev/null)" ]
}
install() {
    if ! .venv/bin/pip install --quiet --disable-pip-version-check --require-hashes "$@" \
        >.venv/pip.log 2>&1; then
        grep -v '^WARNING: Location' .venv/pip.log >&2
        exit 1
    fi
}

# `make run` and `make test` may start together.
exec 9<tools/setup.sh
if command -v flock >/dev/null; then
    flock 9
fi

if holds requirements-dev.txt || holds "$lock"; then
    exit 0
fi
echo "Installing $lock into .venv"
if [ ! -L .venv ] && holds requirements.txt; then
    rm .venv/stamp
else
    python=$(tools/find_python.sh)
    # A link leads to the packages of another checkout, which are not ours to clear.
    if [ -L .venv ]; then rm .venv; else rm -f .venv/stamp; fi
    "$python" -m venv --clear .venv
fi
# django-crontab comes as source only. The setuptools that builds it is the locked one.
sed -n '/^setuptools==/,/[^\\]$/p' "$lock" >.venv/setuptools.txt
install -r .venv/setuptools.txt
install --no-build-isolation -r "$lock"
describe "$lock" >.venv/stamp
