# board:
# A USB camera's JPEGs give the detections that `swiftlet detect` finds in the same files, and a snapshot is one of
# these files.
. ./helpers.sh
start_udev
expect_detections mjpeg pictures
plug mjpeg --fps 4 pictures/*.jpg
start_daemon
expect_state streaming '"format":"MJPG"'
expect_frames 9
keep_stream_as mjpeg
./swiftlet snapshot --socket "$socket" --plain -o out/plain.jpg
assert_snapshot out/plain.jpg
assert_equal "bad pictures" 0 "$(frame_field corrupt_frames)"
stop_daemon
unplug
