# board: model=board-segmenter also=board-classifier time=700
# A segmenter and a classifier on a camera: what their frames list, and a mask of the frame that its image shows.
. ./helpers.sh
start_udev
load_vivid

say "a segmenter"
start_daemon --camera vivid --threshold 0
expect '"type":"hello".*"task":"segmentation"'
expect_state streaming
for ((i = 0; i < 3; i++)); do
    expect '"type":"frame".*"classes":\[\{"class":[0-9]+,"label":"[^"]+","share":[01]\.?[0-9]*,"box_px":\['
done
./swiftlet snapshot --socket "$socket" -o out/image.jpg --mask out/mask.png
[ "$(head -c 4 out/mask.png | tail -c 3)" = PNG ] || fail "mask.png is no PNG"
[ "$(od -An -tu1 -j 16 -N 8 out/mask.png | tr -s ' ')" = " 0 0 2 128 0 0 1 224" ] || fail "mask.png is not 640x480"
./swiftlet detect --model model.gguf --threshold 0 --threads 1 --resize fast --json out/image.jpg >out/segments.json
grep -q '"share"' out/segments.json || fail "no segments in the snapshot"
stop_daemon

say "a classifier"
clear_stream
start_daemon --camera vivid --model board-classifier.gguf --threshold 0
expect '"type":"hello".*"task":"classification"'
expect_state streaming
for ((i = 0; i < 3; i++)); do
    expect '"type":"frame".*"classes":\[\{"class":[0-9]+,"label":"[^"]+","score":[01]\.?[0-9]*\}'
done
stop_daemon
