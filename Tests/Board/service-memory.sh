# board: full systemd time=900
# Memory runs out: the kernel ends the service, systemd starts it again, and it streams.
. ./service.sh
install_service
[ "$(property MemoryMax)" != infinity ] || fail "the unit has no MemoryMax"
plug memory --fps 4 pictures/*.jpg
start_service
expect_state streaming
expect_frames 2
hog_memory
expect_restart 0
expect_frames 3
journalctl -u "$unit" -o cat | grep -q 'oom-kill' || fail "no oom-kill"
systemctl stop "$unit"
unplug
