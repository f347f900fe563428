# board: time=1200
# vivid, with one plane and as a multiplanar device: the same detections as in its frames from a USB camera, whose
# pictures raw-formats.sh compares with JPEGs.
. ./helpers.sh
start_udev

stream_as() { # NAME OPTION...
    local name=$1
    shift
    clear_stream
    start_daemon "$@"
    expect_state streaming "\"format\":\"$format\""
    expect_frames 3
    keep_stream_as "$name"
    stop_daemon
}

# What vivid offers, in the daemon's order of preference, begins with this.
format=NV12
load_vivid
capture "$vivid" "$format" 1 /tmp/vivid.raw
plug vivid --fps 2 --format nv12 /tmp/vivid.raw
stream_as usb --camera "Software camera"
head -n 1 out/usb.stream.jsonl >/tmp/expected.jsonl
rm out/usb.stream.jsonl
unplug

say "one plane"
cp /tmp/expected.jsonl out/single.expected.jsonl
stream_as single --camera vivid
modprobe -r vivid

say "several planes"
load_vivid multiplanar=2
cp /tmp/expected.jsonl out/multi.expected.jsonl
stream_as multi --camera vivid
