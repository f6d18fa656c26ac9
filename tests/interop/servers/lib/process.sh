# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Sourced by server.sh: the server's process in $dir, and nobody else's. Each server leads a
# session (setsid) of its own, so that all its children are known.

# process_status PID: its start time and session, or nothing. The pid alone may be another's later.
process_status() {
    local line
    line=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    # The program's name in parentheses may hold blanks; what follows it begins with field 3.
    line=${line##*) }
    # shellcheck disable=SC2086 # fields are words
    set -- $line
    [ "$1" != Z ] || return 1
    echo "${20} $4"
}

# remember_pid PID: of the leader of the server's session
remember_pid() {
    local status
    status=$(process_status "$1") || status="ended -"
    echo "$1 ${status% *}" >"$dir/pid"
}

is_running() {
    local pid begun status
    read -r pid begun 2>/dev/null <"$dir/pid" || return 1
    status=$(process_status "$pid") && [ "${status% *}" = "$begun" ]
}

# session_members PID: the processes of the session that PID leads or led
session_members() {
    cat /proc/[0-9]*/stat 2>/dev/null |
        LC_ALL=C sed -n 's/^\([0-9]*\) (.*) /\1 /p' |
        awk -v session="$1" '$2 != "Z" && $5 == session { print $1 }'
}

# wait_until_gone PID SECONDS
wait_until_gone() {
    local end=$((SECONDS + $2))
    while [ -n "$(session_members "$1")" ]; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.05
    done
}

# owned_session: the session that the server in $dir leads, or led if only children are left (as
# long as there is one, nobody else gets its number)
owned_session() {
    local pid begun status
    read -r pid begun 2>/dev/null <"$dir/pid" || return 1
    status=$(process_status "$pid") && [ "${status% *}" != "$begun" ] && return 1
    echo "$pid"
}

# stop: ends the server and its children, and waits for that. Does nothing when none runs.
stop() {
    local pid
    if pid=$(owned_session); then
        kill -TERM "$pid" 2>/dev/null || true
        wait_until_gone "$pid" 10 || end_session "$pid"
    fi
    rm -f "$dir/pid"
}

end_session() {
    local members
    members=$(session_members "$1")
    # shellcheck disable=SC2086 # one word a process
    [ -z "$members" ] || kill -KILL $members 2>/dev/null || true
    wait_until_gone "$1" 5 || fail "process $1 in $dir does not end"
}
