# board: time=900
# The driver lets go of the camera while it streams, and takes it again.
. ./helpers.sh
load_vivid
start_udev
start_daemon --camera platform:vivid-000
expect_state streaming
expect_frames 2
mark
for turn in 1 2 3; do
    unbind_vivid
    expect_state absent
    bind_vivid
    expect_state streaming
    expect_frames 2
    assert_daemon_runs
done
assert_one_log_line_per_transition

say "queues fail although the node stays"
vivid=$(find_vivid)
set_vivid disconnect=1
expect_state '(stalled|absent)'
unbind_vivid
bind_vivid
expect_state streaming
expect_frames 2
stop_daemon
