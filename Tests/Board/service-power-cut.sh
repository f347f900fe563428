# board: full systemd disk boots=2 time=900
# The power goes while the daemon writes; the next start is clean.
. ./service.sh
mkdir -p "${metrics%/*}"
mount /dev/vdb "${metrics%/*}"
install_service

if [ "$1" -eq 2 ]; then
    say "what is left of the metrics is whole"
    if [ -e "$metrics" ]; then assert_metrics_are_complete; fi
    # What was being written has an unused name; the next start takes it away.
    left=$(metrics_files | grep -v -x -F -e "${metrics##*/}" -e "${metrics##*/}.tmp" || true)
    assert_equal "other files that are left" '' "$left"
fi
plug power --fps 4 pictures/*.jpg
touch /tmp/started
start_service
expect_state streaming
expect_frames 3
wait_for "metrics of this start" test "$metrics" -nt /tmp/started

if [ "$1" -eq 1 ]; then
    say "power cut"
    cut_power
fi
assert_metrics_are_whole
assert_equal "restarts" 0 "$(property NRestarts)"
systemctl stop "$unit"
unplug
