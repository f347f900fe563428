# board: time=1200
# Each raw format that the daemon reads by itself, as a USB camera's only one: the detections are those in the picture.
. ./helpers.sh
load_vivid
vivid_picture /tmp/picture.jpg
for name in yuyv nv12 uyvy i420 grey; do cp /tmp/picture.jpg "/tmp/$name.jpg"; done
djpeg -grayscale -outfile /tmp/grey.pgm /tmp/picture.jpg
cjpeg -quality 100 -grayscale -outfile /tmp/grey.jpg /tmp/grey.pgm
while read -r name fourcc; do capture "$vivid" "$fourcc" 1 "/tmp/$name.raw"; done <<'LIST'
yuyv YUYV
nv12 NV12
uyvy UYVY
i420 YU12
grey GREY
LIST
modprobe -r vivid
start_udev

for name in yuyv nv12 uyvy i420 grey; do
    say "$name"
    expect_detections "$name" "/tmp/$name.jpg"
    plug "$name" --fps 2 --format "$name" "/tmp/$name.raw"
    : >"$stream"
    place=0
    start_daemon
    expect_state streaming
    expect_frames 3
    keep_stream_as "$name"
    stop_daemon
    unplug
done
