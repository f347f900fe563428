# board: time=900
# A camera that is there and gives no frames: the deadline notices it, and frames flow again when it can.
. ./helpers.sh
start_udev

say "stalled until the stream is started again: the daemon does that"
# Late enough that even a slow daemon has found something in some of them before.
plug stalls --fps 4 --stall-after 30 pictures/*.jpg
start_daemon
expect_state streaming
expect_frames 2
expect_state stalled
expect_state streaming
expect_frames 2
stop_daemon
unplug

say "no frames for a while, whatever the daemon does"
plug pauses --fps 4 pictures/*.jpg
start_daemon
expect_state streaming
expect_frames 2
mark
kill -USR1 "$camera"
expect_state stalled
# Long enough for several attempts.
sleep 40
assert_daemon_runs
kill -USR1 "$camera"
expect_state streaming
expect_frames 2
assert_one_log_line_per_transition
stop_daemon
unplug
