#!/usr/bin/env bash
# Prints the version of this commit: 1.2.3 at the tag v1.2.3, 1.2.3+4.gCOMMIT four
# commits later, and before the first tag what cmd/segue says comes next, with the
# commit's time, so that later builds are newer ones. Ends in "dirty" where files
# are changed. Neither the depth of a clone nor its other commits change it.
set -euo pipefail
cd "$(dirname "$0")/.."

next=$(sed -n 's/^\tversion = "\(.*\)"$/\1/p' cmd/segue/version.go)
if ! commit=$(git rev-parse --short=12 HEAD 2>/dev/null); then
  echo "$next" # not a clone: the sources as somebody packed them
  exit
fi
dirty=
git diff --quiet HEAD -- || dirty=dirty
if described=$(git describe --tags --long --abbrev=12 --match 'v[0-9]*' 2>/dev/null); then
  tag=${described%-*-g*} since=${described#"$tag"-}
  version=${tag#v}
  [ "${since%-g*}" = 0 ] || version+=+${since/-/.}
  [ -z "$dirty" ] || { [[ $version == *+* ]] && version+=.dirty || version+=+dirty; }
else
  version=$next.$(TZ=UTC git show -s --format=%cd --date=format-local:%Y%m%d%H%M%S HEAD).g$commit${dirty:+.dirty}
fi
echo "$version"
