# board: time=1500
# The camera is unplugged and plugged in again ten times, on changing ports and under changing numbers: streaming goes
# on by itself.
. ./helpers.sh
start_udev
plug wanderer --fps 4 pictures/*.jpg
start_daemon --camera usb-Swiftlet_Software_camera_wanderer-video-index0
expect_state streaming
expect_frames 2
mark
# The daemon may have started before udev had made the camera's link.
absences=$(count '"state":"absent"' "$stream")

for turn in 1 2 3 4 5 6 7 8 9 10; do
    before=$node
    unplug
    expect_state absent
    if [ $((turn % 2)) -eq 0 ]; then
        # Another camera takes the number that has become free; it is not the one that was asked for.
        plug "other-$turn" --port 1 pictures/*.jpg
        assert_equal "node of the other camera" "$before" "$node"
        other=$camera
    fi
    plug wanderer --fps 4 --port $((2 + turn % 3)) pictures/*.jpg
    expect_state streaming
    expect_frames 2
    assert_daemon_runs
    say "turn $turn: $before, then $node"
    if [ $((turn % 2)) -eq 0 ]; then
        kill "$other"
        wait_for_end "$other"
    fi
done
assert_one_log_line_per_transition
stop_daemon
assert_equal "streams" 11 "$(count '"state":"streaming"' "$stream")"
assert_equal "disappearances" 10 $(($(count '"state":"absent"' "$stream") - absences))
