# board: time=1200
# Bad JPEGs are counted and skipped; the good ones between them are detected in as ever, and the log stays quiet. A
# camera that sends nothing else is unusable, and says why.
. ./helpers.sh
start_udev
expect_detections truncated pictures

say "every fifth is cut off"
plug truncated --fps 4 --truncate-every 5 pictures/*.jpg
start_daemon
expect_state streaming
mark
expect_frames 20
[ "$(frame_field corrupt_frames)" -ge 2 ] || fail "cut frames are not counted"
keep_stream_as truncated
stop_daemon
unplug
# What was wrong first, a summary after a minute, and the daemon's last line.
[ "$(log_lines_since_mark)" -le 5 ] || fail "the log is flooded"

say "every third is noise"
plug noise --fps 4 --garbage-every 3 pictures/*.jpg
skip_stream
start_daemon
expect_state streaming
mark
expect_frames 10
[ "$(frame_field corrupt_frames)" -ge 2 ] || fail "noise is not counted"
assert_equal "transitions" 0 "$(transitions_since_mark)"
stop_daemon
unplug

say "every third claims another size than its data has"
plug sizes --fps 4 --wrong-size-every 3 pictures/*.jpg
skip_stream
start_daemon
expect_state streaming
mark
expect_frames 10
[ "$(frame_field corrupt_frames)" -ge 2 ] || fail "wrong sizes are not counted"
stop_daemon
unplug

say "nothing but noise, then a good camera"
plug nonsense --fps 4 --garbage-every 1 pictures/*.jpg
skip_stream
mark
start_daemon
expect_state unusable '"reason":"corrupt"'
# Long enough for several attempts.
sleep 40
assert_daemon_runs
assert_equal "frames" 0 "$(tail -n "+$((place + 1))" "$stream" | grep -c '"type":"frame"' || true)"
[ "$(log_lines_since_mark)" -le 8 ] || fail "the log is flooded"
unplug
plug good --fps 4 pictures/*.jpg
expect_state streaming
expect_frames 3
stop_daemon
unplug

say "nothing but frames that are cut off"
plug cut --fps 4 --truncate-every 1 pictures/*.jpg
skip_stream
start_daemon
expect_state unusable '"reason":"truncated"'
stop_daemon
unplug
