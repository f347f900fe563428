# board: time=1200
# Each raw format that the daemon reads by itself, as a USB camera's only one: just the detections of a JPEG of the same
# picture.
. ./helpers.sh
start_udev

stream_raw() { # FORMAT PICTURE
    say "$1"
    expect_detections "$1" "frames/$2"
    plug "$1" --fps 2 --format "$1" "frames/$1.raw"
    clear_stream
    start_daemon
    expect_state streaming
    expect_frames 3
    keep_stream_as "$1"
    stop_daemon
    unplug
}

stream_raw yuyv blocks.jpg
stream_raw uyvy blocks.jpg
stream_raw nv12 blocks.jpg
stream_raw i420 blocks.jpg
stream_raw grey grey-blocks.jpg
