#!/bin/sh
# Installs kafkajs and the linter of specifications by npm and prints the folder of
# their modules. Does nothing when they are there already.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${SEGUE_NODE_CACHE:-$here/../../.cache/node}

for tool in node npm; do
	if ! command -v "$tool" >/dev/null; then
		echo "$tool is missing: install Node.js 18 or newer with npm (Debian: apt-get install nodejs npm)" >&2
		exit 1
	fi
done

version=$(sha256sum <"$here/node/package.json" | cut -c 1-12)
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
if [ ! -d "$cache/$version" ]; then
	work=$(mktemp -d "$cache/fetching.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	cp "$here/node/package.json" "$work"
	(cd "$work" && npm install --silent --ignore-scripts --no-audit --no-fund --no-package-lock --no-update-notifier) >&2
	chmod 755 "$work"
	# Somebody else may have finished first; theirs is the same.
	mv -T "$work" "$cache/$version" 2>/dev/null || [ -d "$cache/$version" ]
fi
echo "$cache/$version/node_modules"
