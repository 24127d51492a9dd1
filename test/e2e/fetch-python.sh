#!/bin/sh
# fetch-python.sh REQUIREMENTS PROGRAM: installs what the file names into a virtual
# environment and prints the program. Does nothing when it is there already.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${SEGUE_VENV_CACHE:-$here/../../.cache/venv}
requirements=$here/$1
program=$2

if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
	echo "python3 with venv is missing: install Python 3.10 or newer (Debian: apt-get install python3-venv)" >&2
	exit 1
fi

version=$(cat "$requirements" | sha256sum | cut -c 1-12)
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
if [ ! -x "$cache/$version/installed" ]; then
	# Programs of an environment name its folder, so it is made in place; a lock keeps others waiting.
	(
		flock 9
		[ -x "$cache/$version/installed" ] && exit 0
		rm -rf "${cache:?}/$version"
		python3 -m venv "$cache/$version"
		"$cache/$version/bin/pip" -q --disable-pip-version-check install -r "$requirements" >&2
		ln -s "bin/$program" "$cache/$version/installed"
	) 9>"$cache/lock"
fi
echo "$cache/$version/bin/$program"
