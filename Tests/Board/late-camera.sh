# board:
# The daemon starts without a camera, says so, and takes the one that comes; without --camera, whichever that is. It
# tells a camera that it may not open from none.
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

say "no permission for the camera until it is granted"
skip_stream
mkdir /tmp/nobody
chown nobody /tmp/nobody
socket=/tmp/nobody/swiftlet.sock
runner=(setpriv --reuid nobody --regid nogroup --clear-groups)
start_daemon
expect_state absent 'permission denied: add this user to group video'
chmod 666 "$node"
expect_state streaming
expect_frames 2
stop_daemon
unplug
