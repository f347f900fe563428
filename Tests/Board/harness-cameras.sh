# board: no-daemon
# The board itself: both cameras in software deliver just the bytes that they were given.
. ./helpers.sh
load_vivid
start_udev

say "vivid draws the same picture every time"
for format in YUYV NV12 RGB3; do
    capture "$vivid" "$format" 1 "/tmp/$format"
    capture "$vivid" "$format" 3 "/tmp/$format.three"
    cat "/tmp/$format" "/tmp/$format" "/tmp/$format" | cmp - "/tmp/$format.three" || fail "$format changes"
done
assert_equal "bytes of a YUYV frame" $((640 * 480 * 2)) "$(wc -c </tmp/YUYV)"
assert_equal "bytes of an NV12 frame" $((640 * 480 * 3 / 2)) "$(wc -c </tmp/NV12)"

say "the USB camera sends its JPEGs, round and round"
plug bytes --fps 10 pictures/*.jpg
udevadm settle
test -L /dev/v4l/by-id/usb-Swiftlet_Software_camera_bytes-video-index0 || fail "no by-id link"
cat pictures/*.jpg pictures/*.jpg >/tmp/expected
capture "$node" MJPG 6 /tmp/found
assert_same_bytes /tmp/expected /tmp/found
unplug
# It sends until it is told to stop, which may be more than what was read.
sent=$(sed -n 's/.*unplugged after \([0-9]*\) frames, 0 of them faulty/\1/p' out/camera.log)
[ "${sent:-0}" -ge 6 ] || fail "the camera counts wrongly"

say "the USB camera sends raw frames"
while read -r name format; do
    capture "$vivid" "$format" 1 "/tmp/$name"
    plug "$name" --fps 2 --format "$name" "/tmp/$name"
    capture "$node" "$format" 2 /tmp/found
    cat "/tmp/$name" "/tmp/$name" | cmp - /tmp/found || fail "$name differs"
    unplug
done <<'LIST'
yuyv YUYV
uyvy UYVY
nv12 NV12
i420 YU12
grey GREY
LIST
