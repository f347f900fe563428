# What the scenarios with systemd share, on top of helpers.sh. Runs on the board.
. ./helpers.sh

unit=swiftlet.service
socket=/run/swiftlet/swiftlet.sock
configuration=/etc/swiftlet/swiftlet.conf
# Where the scenarios let the daemon write its metrics.
metrics=/run/metrics/swiftlet.prom

# Puts everything where a package would, without a camera to be found.
install_service() { # [CONFIGURATION LINE]...
    mkdir -p /etc/swiftlet /usr/share/swiftlet "${metrics%/*}"
    cp swiftletd swiftlet /usr/bin/
    cp model.gguf /usr/share/swiftlet/
    local file
    for file in systemd/*; do
        case $file in
        *.service | *.socket) cp "$file" /etc/systemd/system/ ;;
        *sysusers*) systemd-sysusers "$PWD/$file" ;;
        *.rules) cp "$file" /etc/udev/rules.d/ ;;
        esac
    done
    # What belongs to the new user needs the user.
    for file in systemd/*tmpfiles*; do systemd-tmpfiles --create "$PWD/$file"; done
    {
        printf '[model]\npath = /usr/share/swiftlet/model.gguf\n'
        printf '[detect]\nthreshold = %s\n' "$threshold"
        printf '[metrics]\nfile = %s\n' "$metrics"
        [ $# -eq 0 ] || printf '%s\n' "$@"
    } >"$configuration"
    chown swiftlet: "${metrics%/*}"
    # The unit forbids writing there.
    mkdir -p "/etc/systemd/system/$unit.d"
    printf '[Service]\nReadWritePaths=%s\n' "${metrics%/*}" >"/etc/systemd/system/$unit.d/metrics.conf"
    swiftlet check "$configuration"
    udevadm control --reload
    systemctl daemon-reload
}

property() { systemctl show "$unit" --property "$1" --value; }
property_is() { [ "$(property "$1")" = "$2" ]; }

start_service() {
    systemctl start "$unit"
    assert_equal "state after the start" active "$(property ActiveState)"
    start_group_client
}

# As a member of the stream's group.
start_group_client() {
    wait_for "socket of the service" test -S "$socket"
    setpriv --reuid nobody --regid nogroup --groups swiftlet nc -d -U "$socket" >>"$stream" &
    client=$!
}

# Waits until systemd has started the service again after it ended, and reads on from the new one.
expect_restart() { # RESTARTS SO FAR
    has_restarted() {
        local NRestarts ActiveState
        # In one call: it takes an emulated second.
        eval "$(systemctl show "$unit" --property NRestarts,ActiveState)"
        [ "$NRestarts" -gt "$1" ] && [ "$ActiveState" = active ]
    }
    wait_for "restart" has_restarted "$1"
    kill "$client" 2>/dev/null || true
    wait_for_end "$client"
    skip_stream
    start_group_client
    expect '"type":"hello"'
}

# Brings the unit to its MemoryMax: another process takes the memory in its name.
hog_memory() {
    bash -c 'echo $$ >"/sys/fs/cgroup/system.slice/$1/cgroup.procs"; exec tail /dev/zero' hog "$unit" || true
}

# The whole file, and nothing beside it.
assert_metrics_are_whole() {
    assert_equal "files of metrics" "${metrics##*/}" "$(metrics_files)"
    assert_metrics_are_complete
}

metrics_files() { ls -A "${metrics%/*}" | grep -v '^lost+found$' || true; }

assert_metrics_are_complete() {
    [ -s "$metrics" ] || fail "$metrics is empty"
    assert_equal "last byte of the metrics" '\n' "$(tail -c 1 "$metrics" | od -An -c | tr -d ' ')"
    if grep -vE '^(#.*|[a-z_]+(\{[^}]*\})? [-+0-9.eE]+|[a-z_]+(\{[^}]*\})? (NaN|\+Inf))$' "$metrics"; then
        fail "these lines of the metrics are none"
    fi
}

keep_journal() { journalctl --no-pager >out/journal.txt 2>&1 || true; }
trap 'code=$?; keep_journal; (exit "$code") || tell_failure' EXIT

# Ends the board at once: what is not on its disk is lost. The scenario counts as passed up to here.
cut_power() {
    keep_journal
    echo 0 >/mnt/share/status
    echo b >/proc/sysrq-trigger
    sleep 600
}
