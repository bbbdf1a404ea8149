#!/bin/sh
# Print the path of a Python >= 3.12 that can make virtual environments. PYTHON=... goes first.
cd "$(dirname "$0")/.."

# Candidates are run, not only looked for: a pyenv shim is there for versions that don't start,
# and Debian leaves ensurepip out of a plain python3. The interpreter behind a venv is printed,
# so that an activated .venv is never rebuilt from itself.
try() {
    "$1" -c '
import ensurepip, sys, venv
version = sys.version_info[:2]
if version < (3, 12):
    sys.exit(1)
print("{}/bin/python{}.{}".format(sys.base_prefix, *version))
' 2>/dev/null && exit 0
}

# uv brings a Python of its own, where the network lets it.
try_download() {
    directory=$(mktemp -d)
    trap 'rm -rf "$directory"' EXIT
    uv=$(command -v uv) || {
        uv=$directory/bin/uv
        python3 -m pip install --quiet --retries 0 --target "$directory" \
            "$(grep '^uv==' requirements-dev.in)"
    }
    UV_HTTP_RETRIES=0 "$uv" python install --quiet 3.13 &&
        try "$("$uv" python find --system --managed-python 3.13)"
}

for name in ${PYTHON:-} python3.13 python3.12 python3.14 python3; do
    try "$name"
done
for version in 3.13 3.12 '3.1[4-9]'; do
    for path in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/$version*/bin/python \
        "$HOME"/.local/share/uv/python/cpython-$version*/bin/python3; do
        try "$path"
    done
done
try_download 2>/dev/null

echo "No Python 3.12 or newer with venv was found. Install one, or name it: PYTHON=/path/to/it make" >&2
exit 1
