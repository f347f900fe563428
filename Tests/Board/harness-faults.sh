# board: no-daemon
# The board itself: each fault that other scenarios rely on really happens.
. ./helpers.sh
load_vivid
start_udev

# Reads frames until something ends that; `reader` is the process, what it says is in out/reader.log.
start_reader() { # NODE [OPTION]...
    local node=$1
    shift
    # Before the reader begins: what the last one said is no frame of this one's.
    : >out/reader.log
    v4l2-ctl -d "$node" --stream-mmap=4 --stream-count=100000 --stream-to=/dev/null --verbose "$@" \
        >>out/reader.log 2>&1 &
    reader=$!
    wait_for "frame" grep -q 'seq:  *2' out/reader.log
}
stop_reader() {
    kill "$reader" 2>/dev/null || true
    wait_for_end "$reader"
}
has_ended() { ! kill -0 "$1" 2>/dev/null; }
frames_read() { count 'seq:' out/reader.log; }

say "vivid flags a buffer as bad"
start_reader "$vivid"
set_vivid inject_v4l2_buf_flag_error=1
wait_for "flagged buffer" grep -qi 'error' out/reader.log
stop_reader

say "vivid drops buffers"
set_vivid percentage_of_dropped_buffers=60
start_reader "$vivid"
wait_for "dropped buffer" grep -qi 'dropped' out/reader.log
stop_reader
set_vivid percentage_of_dropped_buffers=0

say "vivid fails while streaming"
start_reader "$vivid"
set_vivid inject_fatal_streaming_error=1
wait_for "end of the reader" has_ended "$reader"
wait_for_end "$reader"
grep -qE 'Input/output error|qbuf error' out/reader.log || fail "no error"

say "vivid rejects to start"
set_vivid inject_vidioc_streamon_error=1
capture "$vivid" YUYV 1 /tmp/found && fail "it started"
capture "$vivid" YUYV 1 /tmp/found || fail "it still rejects"

say "the device is busy"
start_reader "$vivid"
v4l2-ctl -d "$vivid" --stream-mmap=4 --stream-count=1 >/tmp/busy 2>&1 || true
grep -q 'Device or resource busy' /tmp/busy || fail "no EBUSY"
stop_reader

say "vivid is unbound while it streams, and bound again"
start_reader "$vivid"
unbind_vivid
wait_for "end of the reader" has_ended "$reader"
wait_for_end "$reader"
find_vivid && fail "its node is still there"
bind_vivid
wait_for "node of vivid" find_vivid
vivid=$(find_vivid)
capture "$vivid" YUYV 1 /tmp/found || fail "it does not stream again"

say "the USB camera comes back under another number, and under the same by-id name"
link=/dev/v4l/by-id/usb-Swiftlet_Software_camera_moves-video-index0
plug moves pictures/*.jpg
udevadm settle
first=$(readlink -f "$link")
unplug
plug other --port 1 pictures/*.jpg
other=$camera
plug moves --port 2 pictures/*.jpg
udevadm settle
[ "$first" != "$(readlink -f "$link")" ] || fail "it is $first again"
assert_equal "node" "$node" "$(readlink -f "$link")"
unplug
camera=$other
unplug

say "the USB camera ends after some frames"
# Enough for a slow reader to see some: what it has not taken by the end is lost.
plug ends --fps 10 --unplug-after 30 pictures/*.jpg
start_reader "$node"
wait_for "end of the reader" has_ended "$reader"
wait_for_end "$reader"
wait_for_end "$camera"

say "the USB camera stalls until it is started again"
plug stalls --stall-after 5 pictures/*.jpg
start_reader "$node"
have_come() { [ "$(frames_read)" -ge 4 ]; }
wait_for "five frames" have_come
sleep 3
stalled=$(frames_read)
sleep 3
assert_equal "frames of a stalled camera" "$stalled" "$(frames_read)"
stop_reader
capture "$node" MJPG 3 /tmp/found || fail "it does not start again"
unplug

say "the USB camera pauses and continues"
plug pauses pictures/*.jpg
start_reader "$node"
kill -USR1 "$camera"
sleep 3
paused=$(frames_read)
sleep 3
assert_equal "frames of a paused camera" "$paused" "$(frames_read)"
kill -USR1 "$camera"
goes_on() { [ "$(frames_read)" -gt "$paused" ]; }
wait_for "more frames" goes_on
stop_reader
unplug

say "the USB camera stops answering at all, and comes back"
plug wedged pictures/*.jpg
start_reader "$node"
kill -STOP "$camera"
sleep 3
wedged=$(frames_read)
sleep 3
assert_equal "frames of a wedged camera" "$wedged" "$(frames_read)"
kill -CONT "$camera"
comes_back() { [ "$(frames_read)" -gt "$wedged" ]; }
wait_for "more frames" comes_back
stop_reader
unplug

say "the USB camera sends bad frames"
one=pictures/drawn-1.jpg
size=$(wc -c <"$one")
plug cuts --truncate-every 2 "$one"
capture "$node" MJPG 2 /tmp/found
{ cat "$one"; head -c $(((size + 1) / 2)) "$one"; } | cmp - /tmp/found || fail "the second frame is not half a one"
unplug
plug noise --garbage-every 2 "$one"
capture "$node" MJPG 2 /tmp/found
assert_equal "bytes" $((size * 2)) "$(wc -c </tmp/found)"
cmp -n "$size" "$one" /tmp/found || fail "the first frame differs"
tail -c "$size" /tmp/found | cmp -s -n 4 - "$one" && fail "the second frame begins as a JPEG"
unplug
plug sizes --wrong-size-every 1 "$one"
capture "$node" MJPG 1 /tmp/found
djpeg -outfile /tmp/found.ppm /tmp/found || true
assert_equal "size that the frame claims" "320 240" "$(head -n 2 /tmp/found.ppm | tail -n 1)"
unplug
