# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Sourced by server.sh: what arrived. Every server keeps one file per message and recipient, as
# $dir/mail/LOCAL-PART/new/FILE; what it wrote before the message is $prepended_headers, in which
# HEADER? is one that is not always there.

arrived() {
    [ ! -d "$dir/mail" ] || find "$dir/mail" -path '*/new/*' -type f -printf '%T@ %p\n' |
        sort -n | cut -d ' ' -f 2-
}

# messages [COUNT]: the files, oldest first; waits at most 30 s until COUNT are there.
messages() {
    local files end=$((SECONDS + 30))
    files=$(arrived)
    while [ -n "$1" ] && [ "$(grep -c . <<<"$files")" -lt "$1" ]; do
        if [ "$SECONDS" -ge "$end" ]; then
            printf '%s' "${files:+$files$'\n'}"
            fail "only $(grep -c . <<<"$files") of $1 messages arrived within 30 s below $dir/mail"
        fi
        sleep 0.05
        files=$(arrived)
    done
    printf '%s' "${files:+$files$'\n'}"
}

recipient() {
    printf '%s@%s\n' "$(basename "$(dirname "$(dirname "$1")")")" "$domain"
}

# Where Return-Path may be missing, it is for the empty sender.
sender() {
    local line
    IFS= read -r line <"$1" || true
    line=${line%$'\r'}
    case $line in
    [Rr]eturn-[Pp]ath:*'<'*'>')
        line=${line#*<}
        printf '%s\n' "${line%>}"
        ;;
    *)
        [[ $prepended_headers == [Rr]eturn-[Pp]ath'?'* ]] || fail "$1 has no Return-Path first"
        echo
        ;;
    esac
}

# prepended_lines FILE: how many lines the server wrote before the message. Each header may be
# folded over several lines; one that is not where it belongs is an error.
prepended_lines() {
    LC_ALL=C awk -v names="$prepended_headers" '
        function is(header) {
            return tolower(substr($0, 1, length(header) + 1)) == tolower(header) ":"
        }
        BEGIN {
            expected = split(names, name, " ")
            for (i = 1; i <= expected; i++) optional[i] = sub(/[?]$/, "", name[i])
        }
        /^[ \t]/ && NR > 1 { lines++; next }
        { while (seen < expected && optional[seen + 1] && !is(name[seen + 1])) seen++ }
        seen == expected || !is(name[seen + 1]) { exit }
        { seen++; lines++ }
        END {
            if (seen < expected) exit 1
            print lines
        }
    ' "$1"
}

# body FILE: the message as it was sent, with CRLF line ends
body() {
    local lines
    lines=$(prepended_lines "$1") ||
        fail "$1 does not begin with the headers $prepended_headers; see what $name wrote there"
    if [ "$stored_line_end" = lf ]; then
        tail -n "+$((lines + 1))" "$1" | LC_ALL=C sed 's/$/\r/'
    else
        tail -n "+$((lines + 1))" "$1"
    fi
}
