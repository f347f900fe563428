# board: time=900
# The camera answers nothing at all: calls of the driver block in the kernel until it answers or is pulled out. The
# daemon has told that it stalls before it makes such a call.
. ./helpers.sh
start_udev

say "dead for a while"
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
assert_one_log_line_per_transition

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
