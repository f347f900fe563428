# board: systemd time=900
# A daemon that hangs is ended by the watchdog and started again; a camera that hangs is no reason to end it.
. ./service.sh
install_service
[ "$(property WatchdogUSec)" != 0 ] || fail "the unit has no WatchdogSec"
plug watchdog --fps 4 pictures/*.jpg
start_service
expect_state streaming
expect_frames 2

say "the camera hangs for longer than the watchdog waits"
kill -USR1 "$camera"
expect_state '(stalled|absent)'
sleep 60
assert_equal "restarts" 0 "$(property NRestarts)"
kill -USR1 "$camera"
expect_state streaming
expect_frames 2

say "the daemon hangs"
kill -STOP "$(property MainPID)"
expect_restart 0
expect_frames 3
journalctl -u "$unit" -o cat | grep -qi 'watchdog' || fail "it was not the watchdog"
systemctl stop "$unit"
unplug
