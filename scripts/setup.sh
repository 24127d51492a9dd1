#!/usr/bin/env bash
# Makes sure that this machine has what a make target needs; prints nothing when it has.
#
#   scripts/setup.sh build   Go: enough for `make build` and `make run`
#   scripts/setup.sh screenshots   Go and Chromium
#   scripts/setup.sh test    and PostgreSQL, a JDK, Maven, Python with venv, Node.js, curl, Chromium: for `make test`
#
# As root on Debian or Ubuntu it installs what is missing. Anywhere else it says
# in one line what is missing and how to get it, and ends with 1.
set -euo pipefail

readonly go_wanted=1.26 java_wanted=17 postgres_wanted=13
missing=()  # what is missing, for people
packages=() # the Debian packages that bring it

need() { # need WHAT PACKAGE...
  missing+=("$1")
  shift
  packages+=("$@")
}

# at_least HAVE WANTED: compares dotted versions.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | sed -n 1p)" = "$2" ]; }

check_go() {
  local have
  if ! command -v go >/dev/null; then
    echo "segue: Go $go_wanted or newer is missing; get it from https://go.dev/dl/ and put its bin folder into PATH" >&2
    exit 1
  fi
  # In this folder an older Go fetches the toolchain that go.mod names, where it may.
  if ! have=$(go env GOVERSION 2>&1) || ! at_least "${have#go}" "$go_wanted"; then
    echo "segue: Go $go_wanted or newer is needed, this one is ${have##*$'\n'}; get it from https://go.dev/dl/" >&2
    exit 1
  fi
}

check_java() {
  local have=0
  if command -v javac >/dev/null; then
    have=$(javac -version 2>&1 | sed -n 's/^javac //p')
  fi
  at_least "$have" "$java_wanted" || need "a JDK, $java_wanted or newer" "$(jdk_package)"
}

# jdk_package is the oldest sufficient JDK that this distribution has.
jdk_package() {
  local package
  if command -v apt-cache >/dev/null; then
    for package in openjdk-17-jdk-headless openjdk-21-jdk-headless openjdk-25-jdk-headless; do
      if apt-cache show "$package" >/dev/null 2>&1; then
        echo "$package"
        return
      fi
    done
  fi
  echo openjdk-17-jdk-headless
}

# postgres_version prints the newest server's version, where the tests look for
# one: in PATH, then where Debian and Ubuntu keep them.
postgres_version() {
  local binary newest=0 version
  for binary in "$(command -v postgres || true)" /usr/lib/postgresql/*/bin/postgres; do
    [ -x "$binary" ] || continue
    version=$("$binary" --version | sed 's/[^0-9]*\([0-9][0-9.]*\).*/\1/')
    at_least "$newest" "$version" || newest=$version
  done
  echo "$newest"
}

check_chromium() { command -v chromium >/dev/null || command -v google-chrome >/dev/null || need Chromium chromium; }

check_all() {
  check_java
  check_chromium
  command -v mvn >/dev/null || need Maven maven
  at_least "$(postgres_version)" "$postgres_wanted" || need "PostgreSQL, $postgres_wanted or newer" postgresql
  python3 -c 'import ensurepip, venv' 2>/dev/null || need "Python 3 with venv" python3-venv
  command -v node >/dev/null || need "Node.js" nodejs
  command -v npm >/dev/null || need npm npm
  command -v curl >/dev/null || need curl curl
  check_chromium
}

# check_chromium looks where the tests do.
check_chromium() {
  local app
  for app in chromium chromium-browser google-chrome google-chrome-stable headless_shell \
    "/Applications/Chromium.app/Contents/MacOS/Chromium" "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
    if command -v "$app" >/dev/null; then
      return
    fi
  done
  need Chromium chromium
}

say_missing() {
  local list
  list=$(printf '%s; ' "${missing[@]}")
  echo "segue: missing: ${list%; } (Debian or Ubuntu, as root: apt-get install ${packages[*]}; macOS: brew install openjdk maven postgresql@17 python node curl chromium, their bin folders in PATH)" >&2
  exit 1
}

install_missing() {
  echo "segue: installing ${packages[*]}" >&2
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >&2
  packages=()
  missing=()
  check_all # again, now that the package lists are there
  apt-get install -y -qq --no-install-recommends "${packages[@]}" >&2
  packages=()
  missing=()
  check_all
  [ ${#missing[@]} -eq 0 ] || say_missing
}

main() {
  cd "$(dirname "$0")/.."
  case "${1-}" in
  build) check_go ;;
  screenshots)
    check_go
    check_all() { check_chromium; }
    provide
    ;;
  test)
    check_go
    provide
    ;;
  *)
    echo "usage: scripts/setup.sh build|screenshots|test" >&2
    exit 2
    ;;
  esac
}

# provide installs what is missing, or says how to get it.
provide() {
  check_all
  [ ${#missing[@]} -eq 0 ] && return
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    install_missing
  else
    say_missing
  fi
}

main "$@"
