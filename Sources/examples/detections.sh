#!/bin/sh
# Prints image, label, score and box of each detection of swiftletd: detections.sh [SOCKET [MINIMUM_SCORE]]
# Needs nc (netcat-openbsd) and jq.
socket=${1:-/run/swiftlet/swiftlet.sock}
minimum=${2:-0.5}
{
    printf '{"min_score":%s}\n' "$minimum" | nc -U "$socket" || echo '{"type":"absent"}'
} | jq --null-input --unbuffered --raw-output --arg socket "$socket" --argjson minimum "$minimum" '
    # inputs: halt_error of jq 1.6 crashes when jq runs once for each line.
    inputs | if .type == "absent" then "no swiftletd at \($socket): start it, or name its socket\n" | halt_error(69)
    elif .type == "error" then "swiftletd: \(.message)\n" | halt_error(76)
    elif .type == "hello" and .protocol != 1 then "swiftletd: speaks a protocol other than 1\n" | halt_error(76)
    else
        # Frames that were under way before the request are complete: hence the select.
        select(.type == "frame") | .picture as $picture | (.detections // .classes)[]?
        | (.score // .share) as $score | select($score >= $minimum) | [$picture, .label, $score, .box_px[]?] | @tsv
    end'
