# board: full systemd package time=1800
# The Debian package does what Debian's users expect: with a camera attached, one command gives detections; upgrades
# keep what was changed, a removal keeps the configuration, and a purge leaves nothing.
. ./service.sh
metrics=/run/swiftlet/swiftlet.prom

now_ms() { awk '{ printf "%d\n", 1000 * $1 }' /proc/uptime; }
as() { # USER COMMAND... ; with the groups that the user has
    local user=$1
    shift
    setpriv --reuid "$user" --regid "$user" --init-groups "$@"
}
install_package() { dpkg -i "$@" </dev/null; }
version() { dpkg-query --show --showformat '${db:Status-Abbrev} ${Version}' swiftlet; }
is_enabled() { systemctl is-enabled "$1" 2>/dev/null || true; }
restart_client() {
    wait_for_end "$client"
    skip_stream
    wait_for "socket of the service" test -S "$socket"
    as ada nc -d -U "$socket" >>"$stream" &
    client=$!
    expect '"type":"hello"'
    expect '"type":"frame"'
}
# What packages, users and services leave. dpkg's own books and the copies that the users' tools keep are skipped.
files() {
    find /etc /usr /var -xdev | grep -v -E '^/var/(lib/dpkg|log)/|^/etc/(passwd|group|shadow|gshadow)-$' \
        | LC_ALL=C sort
    find /run -name '*swiftlet*' -not -path '/run/board/*'
    cut -d: -f1 /etc/passwd /etc/group | LC_ALL=C sort
}

useradd ada
useradd stranger
plug package --fps 4 pictures/*.jpg
usb=$(readlink -f "/sys/class/video4linux/${node##*/}/device/..")
echo auto >"$usb/power/control"
files >/tmp/before

say "installed, with nothing asked"
started=$(now_ms)
install_package package/first/swiftlet_*.deb
usermod --append --groups swiftlet ada
as ada nc -d -U "$socket" >>"$stream" &
client=$!
expect '"type":"hello".*"ace"'
expect '"type":"frame".*"detections":'
elapsed=$(($(now_ms) - started))
{
    printf 'steps: 3 (dpkg -i swiftlet.deb; usermod --append --groups swiftlet ada; nc -U %s)\n' "$socket"
    printf 'from dpkg -i to the first line with detections: %d.%d s in the emulator\n' \
        $((elapsed / 1000)) $((elapsed % 1000 / 100))
} >out/report.txt
first=$(version)
[[ $first == 'ii  '* ]] || fail "the package is in the state $first"
assert_equal "what dpkg finds wrong" '' "$(dpkg --audit swiftlet; dpkg --verify swiftlet)"
for name in swiftlet.service swiftlet.socket; do
    assert_equal "state of $name" active "$(systemctl is-active "$name")"
    assert_equal "start of $name" enabled "$(is_enabled "$name")"
done
assert_equal "user of the service" swiftlet "$(stat -c %U "/proc/$(property MainPID)")"
assert_equal "power control of the camera" on "$(cat "$usb/power/control")"
cp "$(command -v swiftletd)" /tmp/swiftletd.installed
assert_same_bytes /tmp/swiftletd.installed swiftletd

# The emulator needs seconds for a picture, and all that it has: from here on only now and then.
sed -i 's/^; rate = .*/rate = 0.1/' "$configuration"
systemctl reload swiftlet.service

say "only the group reads"
if as stranger timeout 20 nc -d -U "$socket" >/tmp/stranger 2>&1; then fail "a stranger's client was let in"; fi
grep -q 'Permission denied' /tmp/stranger || fail "a stranger was rejected otherwise: $(head -c 200 /tmp/stranger)"

say "the tool, for an ordinary user"
as ada swiftlet check "$configuration" >/tmp/settings 2>/tmp/mistakes
assert_equal "mistakes in the configuration" '' "$(cat /tmp/mistakes)"
grep -q '^path = /usr/share/swiftlet/cards.gguf' /tmp/settings || fail "another model is configured"
as ada swiftlet check >/tmp/default-settings
assert_same_bytes /tmp/settings /tmp/default-settings
as ada swiftlet plan >out/plan.txt
grep -q '^arena' out/plan.txt || fail "swiftlet plan does not take the configured model"
# The first metrics are older than the camera.
tells_of_the_camera() {
    as ada swiftlet status --file "$metrics" >out/status.txt && grep -q '^camera *streaming' out/status.txt
}
wait_for "status that tells of the camera" tells_of_the_camera
as ada swiftlet cameras >out/cameras-outside.txt 2>&1 || true
if grep -q 'Software camera' out/cameras-outside.txt; then fail "cameras are open to all"; fi
usermod --append --groups video ada
as ada swiftlet cameras >out/cameras.txt
grep -q 'Software camera' out/cameras.txt || fail "swiftlet cameras does not list the camera"

say "upgraded: the configuration that was changed stays"
# A network with a small input, which costs the emulator a tenth of the time.
cp model.gguf /var/lib/swiftlet/mine.gguf
sed -i 's|^path = .*|path = /var/lib/swiftlet/mine.gguf|' "$configuration"
cp "$configuration" /tmp/changed.conf
process=$(property MainPID)
install_package package/second/swiftlet_*.deb
assert_equal "version" 'ii  9999' "$(version)"
assert_same_bytes /tmp/changed.conf "$configuration"
[ "$(property MainPID)" != "$process" ] || fail "the old daemon continues"
assert_equal "state after the upgrade" active "$(property ActiveState)"
restart_client

say "upgraded to other defaults, with the service disabled: both stay as the administrator set them"
systemctl disable --now --quiet swiftlet.service
dpkg-deb --raw-extract package/second/swiftlet_*.deb /tmp/third
sed -i 's/^Version: .*/Version: 10000/' /tmp/third/DEBIAN/control
sed -i 's/^limit = .*/limit = 50/' "/tmp/third$configuration"
dpkg-deb -Znone --root-owner-group --build /tmp/third /tmp/third.deb
install_package --force-confold /tmp/third.deb
assert_equal "version" 'ii  10000' "$(version)"
assert_same_bytes /tmp/changed.conf "$configuration"
assert_equal "start of the disabled service" disabled "$(is_enabled swiftlet.service)"
assert_equal "state of the disabled service" inactive "$(property ActiveState)"
systemctl enable --now --quiet swiftlet.service
restart_client

say "removed: stopped and disabled, the configuration and the model stay"
dpkg --remove swiftlet
assert_equal "state of the package" 'rc  10000' "$(version)"
assert_same_bytes /tmp/changed.conf "$configuration"
if pgrep -x swiftletd; then fail "the daemon runs on"; fi
assert_equal "what of the service is left" '' \
    "$(find /etc/systemd /usr/lib/systemd /run /usr/bin -name '*swiftlet*' -not -path '/run/board/*')"
[ "$(systemctl is-active swiftlet.service swiftlet.socket)" = $'inactive\ninactive' ] || fail "a unit is active"
wait_for_end "$client"

say "installed again: as it was configured"
install_package --force-confold package/second/swiftlet_*.deb
assert_same_bytes /tmp/changed.conf "$configuration"
for name in swiftlet.service swiftlet.socket; do assert_equal "start of $name" enabled "$(is_enabled "$name")"; done
restart_client

say "purged: nothing is left"
dpkg --purge swiftlet
wait_for_end "$client"
if pgrep -x swiftletd; then fail "the daemon runs on"; fi
files >/tmp/after
diff /tmp/before /tmp/after || fail "the purge left, or took, what is listed above"
assert_equal "units that systemd knows" '' "$(systemctl list-unit-files --no-legend --plain 'swiftlet*')"
if dpkg-query --status swiftlet >/dev/null 2>&1; then fail "dpkg remembers the package"; fi
unplug
