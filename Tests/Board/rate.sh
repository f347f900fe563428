# board:
# A rate far below the camera's leaves frames out, and the silence that was asked for is not taken for a stall.
. ./helpers.sh
start_udev
plug rate --fps 4 pictures/*.jpg
# Longer between two frames than a camera may be silent.
start_daemon --rate 0.2
expect_state streaming
expect_frames 3
assert_equal "stalls" 0 "$(count '"state":"stalled"' "$stream")"
dropped=$(frame_field dropped_frames)
[ "$dropped" -ge 4 ] || fail "only $dropped frames were skipped"
stop_daemon
unplug
