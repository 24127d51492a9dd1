#!/usr/bin/env bash
# Prints the licences of every module, and of Go itself, that is linked into segue.
# A module without one is an error: it may not be passed on.
set -euo pipefail
cd "$(dirname "$0")/.."

# modules prints path, version and folder of each for one architecture.
modules() { # modules ARCH
  GOOS=linux GOARCH=$1 go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' ./cmd/segue
}

entry() { # entry NAME VERSION FOLDER
  local found=0 file
  printf '=%.0s' {1..78}
  printf '\n%s %s\n' "$1" "$2"
  for file in "$3"/{LICENSE,LICENCE,COPYING,NOTICE,PATENTS}*; do
    [ -f "$file" ] || continue
    case $file in *.go | */LICENSE-docs) continue ;; esac
    found=1
    printf -- '-%.0s' {1..78}
    printf '\n%s\n\n' "${file##*/}"
    cat "$file"
    echo
  done
  if [ $found = 0 ]; then
    echo "segue: no licence is in $1 $2: it may not be passed on" >&2
    exit 1
  fi
}

echo "segue holds these modules of others."
echo
entry Go "$(go env GOVERSION)" "$(go env GOROOT)"
{ modules amd64; modules arm64; } | sort -u | while read -r name version folder; do
  entry "$name" "$version" "$folder"
done
