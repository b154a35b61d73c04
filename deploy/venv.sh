#!/bin/sh
# Make .venv hold what a lock file names; where it does already, do nothing and ask no network.
# Usage, from the folder of the product: sh deploy/venv.sh requirements.lock
# PYTHON names the interpreter to build with, where the first one found is not wanted.
set -eu

lock=$1
kept=.venv/$lock

stop() {
  echo "liaison-station: $1" >&2
  exit 1
}

is_fit() {
  "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
  for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
    if is_fit "$name"; then
      echo "$name"
      return
    fi
  done
}

if is_fit .venv/bin/python && cmp -s "$lock" "$kept"; then
  exit 0
fi

if ! is_fit .venv/bin/python || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
  python=$(find_python)
  [ -n "$python" ] || stop "Python 3.11 or newer is needed and was not found; PYTHON=/path/to/python3 names one."
  "$python" -c 'import ensurepip, venv' 2>/dev/null ||
    stop "this Python has no venv module; on Debian and Ubuntu: apt install python3-venv"
  (mkdir -p .venv && : >.venv/.probe && rm .venv/.probe) 2>/dev/null || stop "the folder $PWD cannot be written to."
  echo "Building .venv with $("$python" --version)"
  "$python" -m venv --clear .venv || stop "$python could not build .venv."
fi

echo "Installing what $lock names; the first time this takes a minute or two"
.venv/bin/python -m pip install -qq --disable-pip-version-check --no-input --require-hashes -r "$lock" ||
  stop "what $lock names could not be installed; the first time this needs a network."
cp "$lock" "$kept" || stop "the folder $PWD cannot be written to."
