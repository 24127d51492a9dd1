# Builds the image and runs what it says, as root, in the folder of the release.
set -euo pipefail
export BUILDAH_ISOLATION=chroot
buildah() { command buildah --storage-driver vfs --root /srv/storage --runroot /run/buildah "$@"; }

buildah build --format docker --build-arg TARGETARCH=amd64 --tag segue .
config() { buildah inspect --type image --format "{{.Docker.Config.$1}}" segue; }
is() { [ "$(config "$1")" = "$2" ] || { echo "FAILED: $1 is $(config "$1"), want $2"; exit 1; }; }
is User 65532:65532
is Entrypoint '[/usr/bin/segue]'
is Cmd '[serve]'
is Healthcheck.Test '[CMD /usr/bin/segue ready]'
is Volumes 'map[/var/lib/segue:{}]'
is ExposedPorts 'map[8420/tcp:{}]'
is WorkingDir /var/lib/segue

container=$(buildah from segue)
files=$(buildah mount "$container")
(cd "$files" && find . -mindepth 1 -printf '%M %U %p\n' | sort -k3) | tee /tmp/files
[ "$(grep -c '^-' /tmp/files)" = 5 ] || { echo "FAILED: the image holds other files"; exit 1; }
[ "$(stat -c '%u %a' "$files/var/lib/segue")" = "65532 700" ] || { echo "FAILED: the data's folder is $(stat -c '%u %a' "$files/var/lib/segue")"; exit 1; }

buildah run "$container" -- /usr/bin/segue serve >/tmp/serve 2>&1 &
for _ in $(seq 100); do
  buildah run "$container" -- /usr/bin/segue ready && break
  sleep 0.2
done
cat /tmp/serve
buildah run "$container" -- /usr/bin/segue ready
[ "$(ps -o user:20= -C segue | sort -u | tr -d ' ')" = 65532 ] || { echo "FAILED: it runs as $(ps -o user= -C segue)"; exit 1; }
pkill -TERM -x segue
wait
