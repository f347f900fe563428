# board:
# The daemon starts without a camera, says so, and takes the one that comes; without --camera, whichever that is.
. ./helpers.sh
modprobe -a vhci-hcd uvcvideo
start_udev
start_daemon
expect_state absent
plug late --fps 4 pictures/*.jpg
expect_state streaming
expect_frames 2
./swiftlet cameras >out/cameras.txt
grep -q 'Software camera' out/cameras.txt || fail "swiftlet cameras does not list it"
./swiftlet cameras --json >out/cameras.jsonl
stop_daemon
[ ! -e "$socket" ] || fail "the socket is still there"
unplug
