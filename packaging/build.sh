#!/usr/bin/env bash
# Builds what people install into dist/, or the directory named: for each of ARCHS
# (amd64 arm64) a static binary, its SBOM, a Debian package, and the files of the
# container image; and their checksums. Needs Go and the Go modules alone.
#
# Two builds of one commit by one version of Go are the same to the byte. VERSION,
# COMMIT and SOURCE_DATE_EPOCH come from git; where there is none, set them.
set -euo pipefail
cd "$(dirname "$0")/.."

# Nothing of who builds, where and when.
export LC_ALL=C.UTF-8 TZ=UTC
export CGO_ENABLED=0 GOFLAGS="-trimpath -buildvcs=false -mod=readonly" GOOS=linux GOAMD64=v1 GOARM64=v8.0 GOEXPERIMENT='' GOFIPS140=off
umask 022

target=$(realpath -m "${1:-dist}")
archs=${ARCHS:-amd64 arm64}
version=${VERSION:-$(scripts/version.sh)}
commit=${COMMIT-$(git rev-parse --short=12 HEAD 2>/dev/null || true)}
epoch=${SOURCE_DATE_EPOCH:-$(git show -s --format=%ct HEAD)}
export SOURCE_DATE_EPOCH=$epoch

work=$(mktemp -d)
dist=$work/dist # until all is there
trap 'rm -rf "$work"' EXIT

# host runs Go for this machine rather than for the packages'.
host() { env -u GOOS -u GOARCH "$@"; }

# tool runs one of tools/go.mod.
tool() { host go tool -modfile=tools/go.mod "$@"; }

build() { # build ARCH FILE
  GOARCH=$1 go build -ldflags "-s -w -buildid= -X main.version=$version -X main.commit=$commit" -o "$2" ./cmd/segue
}

# says prints what segue does, untouched by the settings of who builds.
says() { env -i SOURCE_DATE_EPOCH="$epoch" "$work/segue" "$@"; }

# documents writes what is the same for every architecture.
documents() {
  host go build -ldflags "-buildid= -X main.version=$version -X main.commit=$commit" -o "$work/segue" ./cmd/segue
  mkdir -p "$work/man" "$work/completions" "$work/doc"
  says man "$work/man"
  gzip -9n "$work"/man/*
  local shell
  for shell in bash zsh fish; do
    says completion "$shell" >"$work/completions/segue.$shell"
  done
  packaging/third-party-licenses.sh >"$work/third-party-licenses.txt"
  gzip -9nc CHANGELOG.md >"$work/doc/changelog.gz"
  gzip -9nc "$work/third-party-licenses.txt" >"$work/doc/third-party-licenses.txt.gz"
  debian_changelog | gzip -9n >"$work/doc/changelog.Debian.gz"
}

# deb_version is the version in Debian's order, in which ~ comes before the end.
deb_version() { echo "${version/-/\~}"; }

debian_changelog() {
  printf 'segue (%s-1) unstable; urgency=medium\n\n  * See changelog.gz.\n\n -- %s  %s\n' \
    "$(deb_version)" "$(sed -n 's/^maintainer: //p' packaging/nfpm.yaml)" "$(date -R -d "@$epoch")"
}

# sbom lists what is in a binary. The time is the commit's, and what cyclonedx-gomod
# says of its own file is left out: it is another one on another machine.
sbom() { # sbom BINARY FILE
  tool cyclonedx-gomod bin -json -std -noserial -notimestamp -version "v$version" -output "$2.tmp" "$1"
  sed -e "0,/\"metadata\": {/s//&\n    \"timestamp\": \"$(date -u -d "@$epoch" +%FT%TZ)\",/" \
    -e '/"tools": \[/,/"externalReferences"/{/"hashes": \[/,/\],/d}' "$2.tmp" >"$2"
  rm "$2.tmp"
}

debian() { # debian ARCH BINARY SBOM
  local stage=$work/$1
  mkdir -p "$stage"
  cp -r "$work/man" "$work/completions" "$work/doc" "$stage"
  cp "$2" "$stage/segue"
  gzip -9nc "$3" >"$stage/doc/segue.cdx.json.gz"
  ARCH=$1 DEB_VERSION=$(deb_version) STAGE=$stage \
    tool nfpm package --config packaging/nfpm.yaml --packager deb --target "$dist/segue_$(deb_version)-1_$1.deb" >"$work/nfpm.log" ||
    { cat "$work/nfpm.log" >&2 && exit 1; }
}

# container lays out what Containerfile copies.
container() { # container ARCH BINARY
  local root=$dist/container/$1
  mkdir -p "$root/usr/bin" "$root/usr/share/doc/segue" "$root/etc" "$dist/container/owned/segue"
  install -m 0755 "$2" "$root/usr/bin/segue"
  install -m 0644 LICENSE "$work/third-party-licenses.txt" "$root/usr/share/doc/segue/"
  echo 'segue:x:65532:65532:Segue:/var/lib/segue:/sbin/nologin' >"$root/etc/passwd"
  echo 'segue:x:65532:' >"$root/etc/group"
  chmod 0700 "$dist/container/owned/segue"
}

# finish puts what was built in place of what an earlier build left, and of nothing else.
finish() {
  if [ -n "$(ls -A "$target" 2>/dev/null)" ] && [ ! -f "$target/SHA256SUMS" ]; then
    echo "segue: $target holds something else: name another folder" >&2
    exit 1
  fi
  rm -rf "$target"
  mkdir -p "$(dirname "$target")"
  mv "$dist" "$target"
}

main() {
  mkdir "$dist"
  documents
  local arch binary
  for arch in $archs; do
    binary=$dist/segue-$version-linux-$arch
    echo "packaging segue $version for $arch" >&2
    build "$arch" "$binary"
    sbom "$binary" "$binary.cdx.json"
    debian "$arch" "$binary" "$binary.cdx.json"
    container "$arch" "$binary"
  done
  cp "$work/third-party-licenses.txt" "$dist"
  (cd "$dist" && find . -maxdepth 1 -type f -printf '%P\n' | sort | xargs sha256sum >"$work/SHA256SUMS")
  mv "$work/SHA256SUMS" "$dist"
  finish
}

main
