# The life of the Debian package on a machine, as root, in the folder of the release.
set -euo pipefail

say() { echo "== $*"; }
fail() { echo "FAILED: $*"; systemctl status segue --no-pager --lines 30 || true; exit 1; }
main_pid() { systemctl show segue --property MainPID --value; }
ready() {
  for _ in $(seq 100); do
    segue ready >/dev/null 2>&1 && return
    sleep 0.2
  done
  fail "segue.service is not ready"
}
has() { # has FILE LINE...
  local file=$1 line
  shift
  for line in "$@"; do
    grep -Eq "^$line\$" "$file" || { cat "$file"; fail "$file has no line $line"; }
  done
}
doctor() { setpriv --reuid segue --regid segue --clear-groups segue doctor --dir /var/lib/segue; }

deb=$(echo segue_*_amd64.deb)

say "install"
dpkg --install "$deb"
ready
systemctl is-enabled --quiet segue || fail "it does not start at boot"
curl -fsS http://127.0.0.1:8420/readyz
echo

say "the sandbox"
has "/proc/$(main_pid)/status" $'NoNewPrivs:\t1' $'Seccomp:\t2' $'CapEff:\t0+' $'CapBnd:\t0+' $'Umask:\t0077'
[ "$(stat -c %U "/proc/$(main_pid)")" = segue ] || fail "it runs as another user"
[ -z "$(find /var/lib/segue ! -user segue -o ! -type l -perm /077)" ] || fail "others can read the data: $(ls -la /var/lib/segue)"
[ "$(getent passwd segue | cut -d: -f6,7)" = /var/lib/segue:/usr/sbin/nologin ] || fail "the user segue is another"
systemd-analyze verify /lib/systemd/system/segue.service >/tmp/verify 2>&1 && ! grep segue /tmp/verify || { cat /tmp/verify; fail "systemd does not like the unit"; }
systemd-analyze security segue.service --no-pager --threshold=15 >/tmp/security || { cat /tmp/security; fail "the sandbox is too wide"; }
tail -n 1 /tmp/security

say "set up and use"
{ cat /var/lib/segue/setup-link; echo correct-horse-battery; } | segue user setup
segue project create shop
segue service create orders
segue service user-create orders --username till
doctor

say "a setting that is wrong is told, and not tried again and again"
echo SEGUE_TICK=1ns >>/etc/default/segue
systemctl restart segue
for _ in $(seq 100); do [ "$(systemctl is-active segue)" = failed ] && break; sleep 0.2; done
[ "$(systemctl show segue --property ExecMainStatus --value)" = 2 ] || fail "it ended otherwise"
[ "$(systemctl show segue --property NRestarts --value)" = 0 ] || fail "it goes on"
journalctl --unit segue --no-pager --output cat | grep -F -- '--tick must be between 100ms and 1h' || fail "the journal does not say why"
sed -i 's/^SEGUE_TICK=.*/SEGUE_TICK=10s/' /etc/default/segue
systemctl restart segue
ready

say "upgrade"
before=$(main_pid)
dpkg-deb --raw-extract "$deb" /tmp/next
sed -i 's/^Version: .*/Version: 99.0.0-1/' /tmp/next/DEBIAN/control
dpkg-deb --build -Znone /tmp/next /tmp/next.deb
dpkg --install /tmp/next.deb
ready
[ "$(main_pid)" != "$before" ] || fail "the upgrade did not restart it"
has /etc/default/segue SEGUE_TICK=10s
segue service user-get orders --username till
doctor

say "remove"
dpkg --remove segue
[ "$(systemctl is-active segue)" != active ] || fail "it still runs"
curl -s http://127.0.0.1:8420/readyz && fail "something still answers"
[ -s /var/lib/segue/key ] && [ -s /var/lib/segue/segue.db ] && [ -s /etc/default/segue ] || fail "data or settings are gone"

say "purge"
dpkg --purge segue 2>&1 | tee /tmp/purge
grep -q 'kept /var/lib/segue, the store and the key file' /tmp/purge || fail "it does not say what it left"
[ ! -e /etc/default/segue ] || fail "the settings are still there"
[ -s /var/lib/segue/key ] && [ "$(stat -c %U /var/lib/segue)" = segue ] || fail "the key file is gone"

say "and back again, with the same store"
dpkg --install "$deb"
ready
segue service user-get orders --username till
doctor
dpkg --purge segue
rm -r /var/lib/segue

say "purge where there are no data"
dpkg --install "$deb"
systemctl stop segue
find /var/lib/segue -mindepth 1 -delete
dpkg --purge segue 2>&1 | tee /tmp/purge
grep -q kept /tmp/purge && fail "it speaks of data that are not there"
[ ! -e /var/lib/segue ] || fail "an empty folder stays"
