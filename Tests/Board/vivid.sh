# board:
# vivid, with one plane and as a multiplanar device: the detections are those in its picture.
. ./helpers.sh

stream_from_vivid() { # NAME
    start_udev
    : >"$stream"
    place=0
    start_daemon --camera vivid
    expect_state streaming '"format":"(YUYV|NV12)"'
    # vivid offers many sizes: the daemon chooses.
    width=$(line_field width_px) height=$(line_field height_px)
    expect_frames 3
    keep_stream_as "$1"
    stop_daemon
    vivid_picture "/tmp/$1.jpg"
    expect_detections "$1" "/tmp/$1.jpg"
}

say "one plane"
load_vivid
stream_from_vivid single
modprobe -r vivid
say "several planes"
load_vivid multiplanar=2
stream_from_vivid multi
