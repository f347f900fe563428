# What the scenarios share; each begins by reading this. Runs on the board, in bash, in a directory with
#   script, model.gguf, swiftletd, swiftlet, usb-camera, systemd/
#   pictures/   JPEGs of 640x480
#   frames/     a picture of colours that every format holds exactly: NAME.raw, and blocks.jpg, grey-blocks.jpg
# and out/, which the host gets back. Emulated time says nothing about a board: nothing here asserts how long something
# takes, and the limits of waiting are several times what is usual.
set -Eeuo pipefail

socket=/run/swiftlet.sock
log=out/daemon.log
stream=out/stream.jsonl
threshold=0.2
daemon=''
camera=''

say() { printf -- '-- %s\n' "$*"; }

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    exit 1
}

# Shows what a failed scenario would be asked for first.
tell_failure() {
    local code=$?
    [ "$code" -ne 0 ] || return 0
    for file in "$log" "$stream" out/camera.log; do
        [ ! -s "$file" ] || { echo "-- end of $file"; tail -n 12 "$file" | cut -c 1-240; }
    done
    dmesg >out/dmesg.txt
}
trap tell_failure EXIT
# `fail` tells what is wrong; this is for commands that should not fail.
trap 'printf "line %s: status %s of: %s\n" "$LINENO" "$?" "$BASH_COMMAND" >&2' ERR

assert_equal() { # WHAT EXPECTED FOUND
    [ "$2" = "$3" ] || fail "$1: expected $2, found $3"
}

assert_same_bytes() { # FILE FILE
    cmp "$1" "$2" || fail "$1 and $2 differ"
}

# Waits on a pipe that never has anything: `sleep` is a program, which an emulated processor takes long to start.
mkfifo never
exec {never}<>never
rm never
pause() { read -r -t "$1" -u "$never" || true; }

# Repeats a command until it succeeds, soon at first and then once a second.
wait_for() { # WHAT COMMAND [ARGUMENT]...
    local what=$1 limit=$((SECONDS + 300)) seconds=0.2
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$limit" ] || fail "no $what"
        pause "$seconds"
        case $seconds in 0.2) seconds=0.4 ;; *) seconds=1 ;; esac
    done
}

# --- Cameras

# udev makes the links of /dev/v4l. systemd has it running already.
start_udev() {
    [ -S /run/udev/control ] || /lib/systemd/systemd-udevd --daemon >/dev/null
    udevadm trigger --action=add --subsystem-match=video4linux
    udevadm settle
}

# The size of what is captured.
width=640
height=480

# vivid, a camera in software whose pictures are always the same; `multiplanar=2` makes it a multiplanar device.
load_vivid() { # [PARAMETER]...
    modprobe vivid n_devs=1 node_types=0x1 multiplanar=1 "$@"
    wait_for "node of vivid" find_vivid
    vivid=$(find_vivid)
    # Without text in the picture, which would tell the time.
    set_vivid osd_text_mode=2
}

# Whether a file's first line is one; no program is started for it.
begins_with() { # FILE PATTERN
    local first
    # shellcheck disable=SC2053
    read -r first 2>/dev/null <"$1" && [[ $first == $2 ]]
}

find_vivid() { # prints /dev/videoN
    local name
    for name in /sys/class/video4linux/*/name; do
        if begins_with "$name" 'vivid*'; then
            name=${name%/name}
            echo "/dev/${name##*/}"
            return
        fi
    done
    return 1
}

set_vivid() { # CONTROL=VALUE
    v4l2-ctl -d "$vivid" --set-ctrl "$1"
}

unbind_vivid() { echo vivid.0 >/sys/bus/platform/drivers/vivid/unbind; }
bind_vivid() { echo vivid.0 >/sys/bus/platform/drivers/vivid/bind; }

# Writes frames as the camera delivers them. Fails if there are none; v4l2-ctl's status does not tell.
capture() { # NODE FORMAT COUNT FILE
    rm -f "$4"
    timeout 300 v4l2-ctl -d "$1" --set-fmt-video="width=$width,height=$height,pixelformat=$2" \
        --stream-mmap=4 --stream-count="$3" --stream-to="$4" >/dev/null 2>&1 || true
    [ -s "$4" ]
}

# Plugs the software USB camera in and waits for its node; `camera` is its process, `node` its /dev/videoN.
plug() { # SERIAL OPTION... FILE...
    local serial=$1
    shift
    lsmod | grep -q '^vhci_hcd' || modprobe -a vhci-hcd uvcvideo
    ./usb-camera --serial "$serial" "$@" 2>>out/camera.log &
    camera=$!
    wait_for "node of USB camera $serial" find_usb_camera "$serial"
    node=$(find_usb_camera "$serial")
}

find_usb_camera() { # SERIAL; prints /dev/videoN
    local file device
    for file in /sys/bus/usb/devices/*/serial; do
        begins_with "$file" "$1" || continue
        for device in "${file%/serial}"/*/video4linux/*; do
            # uvcvideo's second node is for metadata.
            begins_with "$device/index" 0 || continue
            echo "/dev/${device##*/}"
            return
        done
    done
    return 1
}

unplug() {
    kill "$camera"
    # One that stands still ends only now; any other may have ended already.
    kill -CONT "$camera" 2>/dev/null || true
    wait_for_end "$camera"
    camera=''
}

# Like `wait`, whatever the status.
wait_for_end() { # PROCESS
    wait "$1" 2>/dev/null || true
}

# --- The daemon and a client of its

# What the daemon is started by.
runner=()

start_daemon() { # [OPTION]...
    # One thread: two would spend the emulator's time waiting for each other.
    "${runner[@]}" ./swiftletd --model model.gguf --socket "$socket" --threshold "$threshold" --limit 1000 --threads 1 \
        --size "${width}x$height" "$@" 2>>"$log" &
    daemon=$!
    wait_for "socket of the daemon" test -S "$socket"
    start_client
}

start_client() {
    nc -d -U "$socket" >>"$stream" &
    client=$!
}

stop_daemon() {
    kill "$daemon"
    local code=0
    wait "$daemon" || code=$?
    assert_equal "exit status of the daemon" 0 "$code"
    wait_for_end "$client"
}

# The very bytes that the camera has sent: those of one of the pictures.
assert_snapshot() { # FILE
    local picture
    for picture in pictures/*.jpg; do cmp -s "$1" "$picture" && return; done
    fail "$1 is none of the pictures"
}

assert_daemon_runs() {
    kill -0 "$daemon" 2>/dev/null || fail "the daemon has ended"
}

# --- What the client reads
# `place` is the number of lines already looked at: each expectation continues behind the last one's line. They are read by
# the shell itself, since an emulated processor takes long to start a program.

place=0
reader=''
unfinished=''

clear_stream() {
    : >"$stream"
    if [ -n "$reader" ]; then exec {reader}<&-; fi
    place=0 reader='' unfinished=''
}

# Sets `line` to the next one; fails where none is complete.
next_line() {
    if [ -z "$reader" ]; then
        [ -f "$stream" ] || return 1
        exec {reader}<"$stream"
    fi
    if ! IFS= read -r line <&"$reader"; then
        unfinished+=$line
        return 1
    fi
    line=$unfinished$line
    unfinished=''
    place=$((place + 1))
}

expect() { # PATTERN [SECONDS]
    local limit=$((SECONDS + ${2:-300})) line
    while :; do
        while next_line; do
            if [[ $line =~ $1 ]]; then return; fi
        done
        [ "$SECONDS" -lt "$limit" ] || fail "no line of the stream matches $1"
        pause 0.3
    done
}

expect_state() { # STATE [PATTERN]
    expect "\"type\":\"camera\".*\"state\":\"$1\".*${2:-}"
}

expect_frames() { # COUNT
    local i
    for ((i = 0; i < $1; i++)); do expect '"type":"frame"'; done
}

# What happens to the camera shows some lines later: a count is waited for.
expect_count() { # NAME COUNT; COUNT or more
    local limit=$((SECONDS + 300))
    BASH_REMATCH=('' 0)
    until [ "${BASH_REMATCH[1]}" -ge "$2" ]; do
        [ "$SECONDS" -lt "$limit" ] || fail "$1: expected $2 or more, found ${BASH_REMATCH[1]}"
        expect "\"type\":\"frame\".*\"$1\":([0-9]+)"
    done
}

# Goes on behind what has been written so far.
skip_stream() {
    local line
    while next_line; do :; done
}

# --- Counting

count() { # PATTERN FILE
    grep -c -E "$1" "$2" 2>/dev/null || true
}

frame_field() { # NAME; of the last frame
    grep '"type":"frame"' "$stream" | tail -n 1 | sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p"
}

line_field() { # NAME; of the line expected last
    sed -n "${place}p" "$stream" | sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p"
}

transition='"type":"camera"'
opening="$transition.*\"state\":\"opening\""

# From here on, log lines and transitions count.
mark() {
    marked_log=$(count '' "$log")
    marked_states=$(count "$transition" "$stream")
    marked_openings=$(count "$opening" "$stream")
}

log_lines_since_mark() { echo $(($(count '' "$log") - marked_log)); }
transitions_since_mark() { echo $(($(count "$transition" "$stream") - marked_states)); }

# The log tells each transition once and nothing else. The opening of a camera, which lasts until its first frame, may
# go without a line.
assert_one_log_line_per_transition() {
    local lines transitions openings
    # Nothing is on its way any more.
    sleep 2
    lines=$(log_lines_since_mark) transitions=$(transitions_since_mark)
    openings=$(($(count "$opening" "$stream") - marked_openings))
    [ "$lines" -ge $((transitions - openings)) ] && [ "$lines" -le "$transitions" ] \
        || fail "$lines log lines for $transitions transitions, of which $openings openings"
    say "$transitions transitions, $lines log lines"
}

# --- Comparing with `swiftlet detect`: the host does that, after the scenario

# What must be found in pictures; the host compares it with the frames of out/NAME.stream.jsonl.
expect_detections() { # NAME FILE|DIRECTORY...
    local name=$1
    shift
    ./swiftlet detect --model model.gguf --threshold "$threshold" --limit 1000 --threads 1 --resize fast --json "$@" \
        >"out/$name.expected.jsonl"
}

keep_stream_as() { # NAME
    grep '"type":"frame"' "$stream" >"out/$1.stream.jsonl"
}
