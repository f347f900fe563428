# What bash completes behind swiftlet and swiftletd.

# Text from outside, such as what a camera or a file is called, never reaches compgen -W, which expands it like a command.

# Puts those of the lines on standard input into COMPREPLY that begin with $1, quoted as the shell needs them.
_swiftlet_offer() {
    local line
    while IFS= read -r line; do
        printf -v line %q "$line"
        if [[ $line == "$1"* ]]; then COMPREPLY+=("$line"); fi
    done
}

# The cameras' names, as "swiftlet cameras" lists them, but for those that JSON writes with a backslash.
_swiftlet_cameras() {
    swiftlet cameras --json 2>/dev/null | grep -o '"name":"[^"\\]*"' | cut -d '"' -f 4
}

_swiftlet_boards() {
    local board
    echo auto
    for board in /usr/share/swiftlet/boards/*.ini; do
        if [ -f "$board" ]; then
            board=${board##*/}
            printf '%s\n' "${board%.ini}"
        fi
    done
}

# What is offered beside them is quoted by readline.
_swiftlet_files() {
    local file
    compopt -o filenames
    while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen -f -- "$1")
}

# $1: what an option takes; $2: the beginning of the word.
_swiftlet_value() {
    case $1 in
    file) _swiftlet_files "$2" ;;
    camera) _swiftlet_offer "$2" < <(_swiftlet_cameras) ;;
    resize) _swiftlet_offer "$2" <<<$'upstream\nfast' ;;
    format)
        _swiftlet_offer "$2" <<<$'yuyv\nuyvy\nnv12\nyuv420\nrgb24\nbgr24\ngrey'
        _swiftlet_files "$2"
        ;;
    camera_format) _swiftlet_offer "$2" <<<$'mjpeg\nyuyv\nuyvy\nnv12\nyuv420\nrgb24\nbgr24\ngrey' ;;
    rotate) _swiftlet_offer "$2" <<<$'90\n180\n270' ;;
    board)
        _swiftlet_offer "$2" < <(_swiftlet_boards)
        _swiftlet_files "$2"
        ;;
    none) ;;
    esac
}

# $1: options that take a value, as OPTION:KIND; $2: options that take none; $3: "files" where files may stand.
_swiftlet_complete() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} pair options=''
    for pair in $1; do
        options+=" ${pair%:*}"
        if [ "$before" = "${pair%:*}" ]; then
            _swiftlet_value "${pair#*:}" "$word"
            return
        fi
    done
    if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "$options $2" -- "$word"))
    elif [ "$3" = files ]; then
        _swiftlet_value file "$word"
    fi
}

_swiftlet() {
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "watch snapshot status cameras detect bench plan check --help -h --version" \
            -- "${COMP_WORDS[1]}"))
        return
    fi
    case ${COMP_WORDS[1]} in
    watch) _swiftlet_complete "--socket:file --count:none -n:none --threshold:none -t:none" "--help -h" ;;
    snapshot) _swiftlet_complete \
        "--output:file -o:file --socket:file --threshold:none -t:none --wait:none" "--plain --help -h" ;;
    status) _swiftlet_complete "--socket:file --file:file -f:file" "--json --help -h" ;;
    cameras) _swiftlet_complete "--camera:camera -c:camera --size:none --format:camera_format --rate:none
        --network:none" "--json --help -h" ;;
    detect) _swiftlet_complete "--model:file -m:file --threshold:none -t:none --class-threshold:none --limit:none
        --resize:resize --rotate:rotate --threads:none --annotate:file -a:file" "--json --help -h" files ;;
    bench) _swiftlet_complete "--model:file -m:file --runs:none -n:none --threads:none --frames:format --board:board" \
        "--layers --json --help -h" ;;
    plan) _swiftlet_complete "--model:file -m:file --threads:none --svg:file" "--json --help -h" ;;
    check) _swiftlet_complete "" "--help -h" files ;;
    esac
}

_swiftletd() {
    COMPREPLY=()
    _swiftlet_complete "--config:file --model:file -m:file --source:file -s:file --camera:camera -c:camera --size:none
        --format:camera_format --timeout:none --rotate:rotate --socket:file --metrics:file --threshold:none -t:none --limit:none --resize:resize --threads:none --rate:none
        --wait:none" "--loop --no-snapshots --help -h --version"
}

complete -F _swiftlet swiftlet
complete -F _swiftletd swiftletd
