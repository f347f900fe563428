# board: model=xxs-ssd-int8 time=1200
# What the whole daemon takes of the memory, with the XXS network in 8 bits at its full size and a USB camera's JPEGs.
. ./helpers.sh
# Eight megabytes. With pages of 16 KiB, as a Raspberry Pi 5 has them, each mapping takes a little more.
case $(getconf PAGESIZE) in
4096) limit_kb=8192 ;;
*) limit_kb=9000 ;;
esac

# As on a board, where programs and models lie on a disk: pages of this directory would count as memory that is shared.
mkdir -p /opt/swiftlet
for file in swiftletd model.gguf; do
    mv "$file" /opt/swiftlet/
    ln -s "/opt/swiftlet/$file" "$file"
done

start_udev
plug memory --fps 2 pictures/*.jpg
# As by default: a thread for each processor among it.
start_daemon --threads "$(nproc)" --threshold 0.3 --limit 100
expect_state streaming
expect_frames 20

cat "/proc/$daemon/smaps_rollup" >out/smaps_rollup.txt
cat "/proc/$daemon/smaps" >out/smaps.txt
rollup() { awk -v key="$1:" '$1 == key { print $2 }' out/smaps_rollup.txt; }

{
    echo "the whole daemon, with pages of $(($(getconf PAGESIZE) / 1024)) KiB, in kB:"
    for part in Pss Pss_Anon Pss_File Pss_Shmem Private_Dirty Private_Clean Rss; do
        printf '%-14s %6d\n' "$part" "$(rollup "$part")"
    done
    echo "the larger mappings, in kB: Pss, the dirty part of it, the mapping's size"
    awk '
        function add() { if (name != "") { pss[name] += p; dirty[name] += d; size[name] += s } }
        /^[0-9a-f]+-[0-9a-f]+ / {
            add()
            name = NF > 5 ? $6 : "(anonymous)"
            if (NF > 6) for (i = 7; i <= NF; i++) name = name " " $i
            p = d = s = 0
        }
        $1 == "Size:" { s = $2 }
        $1 == "Pss:" { p = $2 }
        $1 == "Private_Dirty:" { d = $2 }
        END { add(); for (name in pss) printf "%6d %6d %6d  %s\n", pss[name], dirty[name], size[name], name }
    ' out/smaps.txt | sort -rn | awk '$1 >= 16'
} >out/report.txt
cat out/report.txt

pss=$(rollup Pss)
[ "$pss" -le "$limit_kb" ] || fail "the daemon takes $pss kB, more than $limit_kb"
stop_daemon
unplug
