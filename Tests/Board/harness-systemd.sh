# board: full no-daemon systemd disk boots=2
# The board itself: systemd's answers to what other scenarios do to the service, and what a power cut leaves.
. ./service.sh
unit=subject.service
mkdir -p /mnt/kept
mount /dev/vdb /mnt/kept

if [ "$1" -eq 2 ]; then
    say "what was synced is there, what was not is gone"
    assert_equal "synced file" synced "$(cat /mnt/kept/synced)"
    [ ! -s /mnt/kept/unsynced ] || fail "the unsynced file is there"
    exit 0
fi

say "the USB camera gets its by-id link, which the group video may read"
plug systemd --fps 4 pictures/*.jpg
wait_for "by-id link" test -e /dev/v4l/by-id/usb-Swiftlet_Software_camera_systemd-video-index0
assert_equal "group of the node" video "$(stat -c %G "$node")"
unplug

cat >/run/systemd/system/subject.service <<'UNIT'
[Service]
Type=notify
NotifyAccess=all
WatchdogSec=5
MemoryMax=50M
MemorySwapMax=0
Restart=always
RestartSec=1
ExecStart=/bin/bash -c 'systemd-notify --ready; while :; do systemd-notify WATCHDOG=1; sleep 1; done'
UNIT
systemctl daemon-reload
systemctl start "$unit"
assert_equal "state" active "$(property ActiveState)"
has_restarted() { [ "$(property NRestarts)" -eq "$1" ] && property_is ActiveState active; }

say "killed"
kill -KILL "$(property MainPID)"
wait_for "first restart" has_restarted 1

say "out of memory"
hog_memory
wait_for "second restart" has_restarted 2
journalctl -u "$unit" | grep -q 'oom-kill' || fail "no oom-kill"

say "stopped: the watchdog"
kill -STOP "$(property MainPID)"
wait_for "third restart" has_restarted 3
journalctl -u "$unit" | grep -q 'watchdog' || fail "no watchdog"

say "power cut"
echo synced >/mnt/kept/synced
sync
echo unsynced >/mnt/kept/unsynced
cut_power
