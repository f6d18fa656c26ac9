# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Sourced by each server's script: its command line, and the order in which a server is started.
# The script itself says what differs, by these names:
#
#   root_is_needed           yes or no
#   prepended_headers        what the server writes before the message, in this order
#   stored_line_end          lf or crlf
#   features                 prints what it offers, a word a line
#   configure                writes its configuration below $dir, from $cache, $port and $tls_port
#   launch                   starts it in the background; ends with remember_pid PID
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
name=$(basename "$0")
domain=example.test
host=mx.example.test
size_limit=$((128 * 1024 * 1024))
# shellcheck source=lib/paths.sh
. "$here/lib/paths.sh"
# shellcheck source=lib/process.sh
. "$here/lib/process.sh"
# shellcheck source=lib/greeting.sh
. "$here/lib/greeting.sh"
# shellcheck source=lib/mail.sh
. "$here/lib/mail.sh"

fail() {
    echo "$name: $*" >&2
    exit 1
}

usage() {
    cat >&2 <<END
usage: $name start CACHE_DIR DIR PORT      on PORT (STARTTLS) and PORT+1 (TLS), on 127.0.0.1
       $name stop CACHE_DIR DIR
       $name features CACHE_DIR            what it offers, a word a line
       $name messages DIR [COUNT]          files of what arrived; waits until COUNT are there
       $name recipient DIR FILE            whom this file was delivered to
       $name sender DIR FILE               the address of MAIL FROM
       $name body DIR FILE                 the message as it was sent, byte for byte
END
    exit 64
}

# Mail daemons give up root, and then must still come to their files.
need_reachable() {
    local folder=$1
    while [ "$folder" != / ]; do
        # The last digit of the mode is what all others may do; odd: go through.
        [ $((0$(stat -c %a "$folder") & 1)) -eq 1 ] ||
            fail "the daemons cannot reach $1, since only its owner may enter $folder;" \
                "allow others to (chmod o+x), or use another folder"
        folder=$(dirname "$folder")
    done
}

need_free_port() {
    ! greeting_of "$1" >/dev/null ||
        fail "something answers on 127.0.0.1:$1 already; stop it, or use another port"
}

# copy_tls OWNER: the server's certificate and key, readable for OWNER
copy_tls() {
    local from="$cache/tls"
    mkdir -p "$dir/tls"
    cat "$from/server.key" >"$dir/tls/server.key"
    cat "$from/server.crt" >"$dir/tls/server.crt"
    cat "$from/ca.crt" >"$dir/tls/ca.crt"
    chmod 600 "$dir/tls/server.key"
    [ "$1" = root ] || chown "$1" "$dir/tls/server.key"
}

show_log() {
    echo "--- $name, last lines of its log:" >&2
    tail -n 40 "$dir"/log/* >&2 2>/dev/null || true
    echo "---" >&2
}

need_root() {
    if [ "$root_is_needed" = yes ] && [ "$(id -u)" -ne 0 ]; then
        echo "$name: needs root to start, since it changes users; not started" >&2
        exit 77
    fi
}

# give_up REASON: it was launched in vain
give_up() {
    show_log
    stop
    fail "$1; its log is above"
}

start() {
    local begun=$SECONDS ports=("$port")
    [ -e "$cache/$name/fetched" ] || fail "not fetched; run $here/fetch $cache $name"
    ! is_running || fail "an instance runs in $dir already; stop it first"
    mkdir -p "$dir/mail" "$dir/log"
    need_reachable "$dir"
    need_free_port "$port"
    need_free_port "$tls_port"
    configure
    launch </dev/null >"$dir/log/output" 2>&1
    ! features | grep -qx tls || ports+=("$tls_port")
    until all_greet "${ports[@]}"; do
        is_running || give_up "ended instead of listening on 127.0.0.1:$port and $tls_port"
        [ $((SECONDS - begun)) -lt 20 ] ||
            give_up "did not greet on 127.0.0.1:${ports[*]} within 20 s"
        sleep 0.05
    done
}

# all_greet PLAIN-PORT [TLS-PORT]
all_greet() {
    greeting_of "$1" >/dev/null || return 1
    [ $# -lt 2 ] || tls_greeting_of "$2" >/dev/null
}

main() {
    local command=${1:-}
    case $command:$# in
    start:4)
        [[ $4 =~ ^[1-9][0-9]{0,4}$ ]] || usage
        need_root
        mkdir -p "$3"
        cache=$(cd "$2" && pwd) dir=$(cd "$3" && pwd) port=$4 tls_port=$(($4 + 1))
        start
        ;;
    stop:3)
        dir=$(realpath -m "$3")
        stop
        ;;
    features:2)
        cache=$2
        features
        ;;
    messages:2 | messages:3)
        dir=$2
        messages "${3:-}"
        ;;
    recipient:3 | sender:3 | body:3)
        [ -f "$3" ] || fail "there is no file $3"
        "$command" "$3"
        ;;
    *) usage ;;
    esac
}
