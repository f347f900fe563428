# board: systemd time=900
# The service starts without a camera and is ready, takes the one that is plugged in, and comes back when it is killed.
. ./service.sh
install_service

say "ready without a camera"
start_service
expect_state absent
[ -n "$(property StatusText)" ] || fail "no status text"

say "only the group reads"
if setpriv --reuid nobody --regid nogroup --clear-groups timeout 10 nc -d -U "$socket" >/tmp/stranger 2>&1; then
    [ ! -s /tmp/stranger ] || fail "a stranger reads the stream"
fi
[ ! -s /tmp/stranger ] || grep -q 'Permission denied' /tmp/stranger || fail "a stranger reads the stream"

say "a camera is plugged in"
plug service --fps 4 pictures/*.jpg
expect_state streaming
expect_frames 3
assert_equal "group and rights of the node" "video 660" "$(stat -c '%G %a' "$node")"
usb=$(readlink -f "/sys/class/video4linux/${node##*/}/device/..")
# The kernel's own setting is "on" too.
echo auto >"$usb/power/control"
udevadm trigger --action=add "$usb"
udevadm settle
assert_equal "power control of the USB device" on "$(cat "$usb/power/control")"

say "the group gets pictures, under the unit's restrictions"
setpriv --reuid nobody --regid nogroup --groups swiftlet swiftlet snapshot --wait 60 --plain -o - >out/plain.jpg
assert_snapshot out/plain.jpg
if setpriv --reuid nobody --regid nogroup --clear-groups swiftlet snapshot -o - >/tmp/stranger.jpg 2>&1; then
    fail "a stranger gets a picture"
fi

say "killed"
kill -KILL "$(property MainPID)"
expect_restart 0
expect_frames 3

say "stopped"
systemctl stop "$unit"
assert_equal "result" success "$(property Result)"
journalctl -u "$unit" -p warning -o cat >out/warnings.txt
wait_for_end "$client"
unplug
