# board: time=900
# A camera that is there and gives no frames: the deadline notices it, and frames flow again when it can.
. ./helpers.sh
start_udev

say "stalled until the stream is started anew: the daemon does that"
plug stalls --fps 4 --stall-after 6 pictures/*.jpg
start_daemon
expect_state streaming
mark
expect_frames 5
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
assert_one_log_line_per_transition 1
stop_daemon
unplug

say "no answer to anything: a driver may block in the kernel until the camera answers or goes"
plug wedged --fps 4 pictures/*.jpg
start_daemon
expect_state streaming
expect_frames 2
mark
kill -STOP "$camera"
expect_state stalled
sleep 20
assert_daemon_runs
kill -CONT "$camera"
expect_state streaming
expect_frames 2
assert_one_log_line_per_transition 1

say "wedged, then pulled out"
kill -STOP "$camera"
expect_state stalled
kill -KILL "$camera"
wait_for_end "$camera"
expect_state absent
plug wedged --fps 4 pictures/*.jpg
expect_state streaming
expect_frames 2
stop_daemon
unplug
