# What bash completes behind swiftlet and swiftletd: the commands and options that their --help lists.

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

# $1: what the help calls an option's argument; $2: the beginning of the word.
_swiftlet_value() {
    local formats=$'mjpeg\nyuyv\nuyvy\nnv12\nyuv420\nrgb24\nbgr24\ngrey'
    case $1 in
    FILE | OUT | PATH) _swiftlet_files "$2" ;;
    NAME) _swiftlet_offer "$2" < <(_swiftlet_cameras) ;;
    FORMAT) _swiftlet_offer "$2" <<<"$formats" ;;
    KIND)
        _swiftlet_offer "$2" <<<"${formats#*$'\n'}"
        _swiftlet_files "$2"
        ;;
    'NAME|FILE')
        _swiftlet_offer "$2" < <(_swiftlet_boards)
        _swiftlet_files "$2"
        ;;
    *'|'*) _swiftlet_offer "$2" <<<"${1//|/$'\n'}" ;;
    esac
}

# Completes behind "$@", a program or one of its commands, by its help: lines such as "  -m, --model FILE  model file".
_swiftlet_complete() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} help option argument options=''
    help=$("$@" --help 2>/dev/null)
    while read -r option argument; do
        options+=" $option"
        if [[ $option == "$before" && -n $argument ]]; then
            _swiftlet_value "$argument" "$word"
            return
        fi
    done < <(sed -nE 's/^  (-[a-z]), (--[a-z-]+)( [^ ]+)? .*/\1\3\n\2\3/p; s/^      (--[a-z-]+)( [^ ]+)? .*/\1\2/p' <<<"$help")
    if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$word"))
    elif [[ ${help%%$'\n'*} == *'IMAGE...' || ${help%%$'\n'*} == *'[FILE]' ]]; then
        _swiftlet_files "$word"
    fi
}

_swiftlet() {
    local commands
    COMPREPLY=()
    commands=$(swiftlet --help 2>/dev/null | sed -nE 's/^  ([a-z]+)  .*/\1/p')
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "$commands --help -h --version" -- "${COMP_WORDS[1]}"))
    elif [[ $'\n'$commands$'\n' == *$'\n'"${COMP_WORDS[1]}"$'\n'* ]]; then
        _swiftlet_complete swiftlet "${COMP_WORDS[1]}"
    fi
}

_swiftletd() {
    COMPREPLY=()
    _swiftlet_complete swiftletd
}

complete -F _swiftlet swiftlet
complete -F _swiftletd swiftletd
