# board: full systemd time=900
# The metrics' disk is full: detections continue, one line tells it, nothing half-written stays; with room it continues.
. ./service.sh
mkdir -p "${metrics%/*}"
mount -t tmpfs -o size=64k metrics "${metrics%/*}"
install_service
plug disk --fps 4 pictures/*.jpg
start_service
expect_state streaming
expect_frames 2
wait_for "metrics" test -s "$metrics"
assert_metrics_are_whole

say "full"
journal_lines() { journalctl -u "$unit" -o cat | wc -l; }
lines_before=$(journal_lines)
is_told() { [ "$(journal_lines)" -gt "$lines_before" ]; }
head -c 1M /dev/zero >"${metrics%/*}/filler" 2>/dev/null || true
rm "$metrics"
head -c 1M /dev/zero >>"${metrics%/*}/filler" 2>/dev/null || true
wait_for "line about the full disk" is_told
# Long enough for more attempts.
sleep 30
skip_stream
expect_frames 2
assert_equal "restarts" 0 "$(property NRestarts)"
[ ! -e "$metrics" ] || [ -s "$metrics" ] || fail "an empty file of metrics was left"
lines=$(($(journal_lines) - lines_before))
[ "$lines" -le 2 ] || fail "$lines log lines about a full disk"

say "room again"
rm "${metrics%/*}/filler"
wait_for "metrics" test -s "$metrics"
sleep 2
assert_metrics_are_whole
systemctl stop "$unit"
unplug
