#!/usr/bin/env bash
# Fails when `make generate` changes a file: somebody changed a query and did not run it.
# It compares before with after, so that it works in a tree with uncommitted changes too.
set -euo pipefail
cd "$(dirname "$0")/.."

snapshot() { find . -name '*.go' -not -path './.cache/*' -print0 | sort -z | xargs -0 sha256sum; }

before=$(snapshot)
make generate
after=$(snapshot)

if [ "$before" != "$after" ]; then
  echo "segue: make generate changed these files; run it and commit them:" >&2
  diff <(echo "$before") <(echo "$after") | sed -n 's/^[<>] [0-9a-f]*  //p' | sort -u >&2
  exit 1
fi
