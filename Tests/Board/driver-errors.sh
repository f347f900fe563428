# board: time=1200
# The driver fails: what the daemon cannot help costs it some frames, and it says once what is wrong.
. ./helpers.sh
load_vivid
start_udev
start_daemon --camera vivid
expect_state streaming
expect_frames 2

say "buffers flagged as bad are skipped"
mark
bad=$(frame_field corrupt_frames)
for turn in 1 2 3; do
    set_vivid inject_v4l2_buf_flag_error=1
    expect_frames 2
done
expect_count corrupt_frames $((bad + 1))
assert_equal "transitions" 0 "$(transitions_since_mark)"
[ "$(log_lines_since_mark)" -le 1 ] || fail "the log tells each bad buffer"

say "dropped buffers are no trouble"
mark
set_vivid percentage_of_dropped_buffers=60
expect_frames 5
set_vivid percentage_of_dropped_buffers=0
assert_equal "transitions" 0 "$(transitions_since_mark)"
assert_equal "log lines" 0 "$(log_lines_since_mark)"

say "the driver fails while streaming"
for turn in 1 2 3; do
    mark
    set_vivid inject_fatal_streaming_error=1
    expect_state streaming
    expect_frames 2
    assert_one_log_line_per_transition
done

say "the driver rejects a buffer"
mark
set_vivid inject_vidioc_qbuf_error=1
expect_frames 3
assert_daemon_runs
stop_daemon

say "the driver rejects buffers at the start"
set_vivid inject_vidioc_reqbufs_error=1
skip_stream
start_daemon --camera vivid
expect_state streaming
expect_frames 2
stop_daemon

say "the driver rejects to start"
set_vivid inject_vidioc_streamon_error=1
skip_stream
start_daemon --camera vivid
expect_state streaming
expect_frames 2
stop_daemon

say "another program has the camera: the message says so, and the daemon continues when it is free"
v4l2-ctl -d "$vivid" --stream-mmap=4 --stream-count=100000 --stream-to=/dev/null >/dev/null 2>&1 &
other=$!
sleep 3
skip_stream
start_daemon --camera vivid
expect '"type":"camera".*(in use|busy|another program)'
kill "$other"
wait_for_end "$other"
expect_state streaming
expect_frames 2
stop_daemon
