# board:
# A USB camera's JPEGs give the detections that `swiftlet detect` finds in the same files.
. ./helpers.sh
start_udev
expect_detections mjpeg pictures
plug mjpeg --fps 4 pictures/*.jpg
start_daemon
expect_state streaming '"format":"MJPG"'
expect_frames 9
keep_stream_as mjpeg
assert_equal "bad pictures" 0 "$(frame_field corrupt_frames)"
stop_daemon
unplug
