# board: full systemd time=1200
# The watchdog is fed by frames and by nothing else: it ends a daemon that hangs, and one that no attempt has got frames
# for from a camera that is there. Each time the service comes back, and streams as soon as it can.
. ./service.sh
install_service
[ "$(property WatchdogUSec)" != 0 ] || fail "the unit has no WatchdogSec"
plug watchdog --fps 4 pictures/*.jpg
start_service
expect_state streaming
expect_frames 2
watchdogs() { journalctl -u "$unit" -o cat | grep -ci 'watchdog timeout' || true; }
have_bitten() { [ "$(watchdogs)" -ge "$1" ]; }
assert_equal "watchdog timeouts" 0 "$(watchdogs)"

say "the camera hangs for longer than the watchdog waits"
kill -USR1 "$camera"
expect_state stalled
assert_equal "restarts" 0 "$(property NRestarts)"
wait_for "first watchdog timeout" have_bitten 1
kill -USR1 "$camera"
expect_restart 0
expect_frames 3

say "the daemon hangs"
before=$(property NRestarts)
kill -STOP "$(property MainPID)"
expect_restart "$before"
expect_frames 3
assert_equal "watchdog timeouts" 2 "$(watchdogs)"
systemctl stop "$unit"
unplug
