#!/usr/bin/env bash
# Boots a Debian that is thrown away afterwards, with systemd as its first process and
# no network but its own loopback, and runs a script in it as root:
#
#   unshare --mount --net --pid --fork --uts --ipc --cgroup --kill-child machine.sh WORK SCRIPT FILES
#
# Its disk is this machine's with a layer in memory over it, so that it has the same
# packages and leaves nothing behind. FILES is copied to /srv/segue, where the script
# runs. WORK/output and WORK/status tell how it went.
set -euo pipefail
work=$1 script=$2 files=$3
disk=$work/disk root=$work/disk/root

mkdir "$disk"
mount -t tmpfs tmpfs "$disk"
mkdir "$disk"/{upper,work,root}
mount -t overlay -o "lowerdir=/,upperdir=$disk/upper,workdir=$disk/work" overlay "$root"
mount -t proc proc "$root/proc"
# What belongs to the real kernel is not set from here.
mount -o bind,ro "$root/proc/sys" "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root"/dev/{pts,shm}
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"

mkdir "$root/srv/work"
mount --bind "$work" "$root/srv/work"
cp -r "$files" "$root/srv/segue"
cp "$script" "$root/srv/script"
# Images of containers keep services from starting with this file.
rm -f "$root/usr/sbin/policy-rc.d"
cat >"$root/etc/systemd/system/script.service" <<'UNIT'
[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
WorkingDirectory=/srv/segue
Environment=HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
ExecStart=/bin/bash -c 'systemctl start systemd-journald; bash /srv/script </dev/null >/srv/work/output 2>&1; echo $? >/srv/work/status; systemctl --force exit'
UNIT

ip link set lo up
cd "$root"
mkdir -p old
pivot_root . old
umount -l /old
exec setpriv --bounding-set=-sys_module,-sys_time,-sys_rawio env -i container=segue-test PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --system --unit=script.service --log-target=journal --show-status=0
