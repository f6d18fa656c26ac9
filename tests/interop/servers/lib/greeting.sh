# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Sourced by server.sh: asks a port for its greeting, and takes leave politely.

# greeting_of PORT: the first line, if there is one within 3 s
greeting_of() {
    local line
    (
        exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
        IFS= read -r -t 3 line <&3 || exit 1
        printf 'QUIT\r\n' >&3
        printf '%s\n' "${line%$'\r'}"
        read -r -t 3 <&3 || true
    ) 2>/dev/null
}

# tls_greeting_of PORT: the same, within TLS from the first byte
tls_greeting_of() {
    local line from to found=1
    coproc talk { exec timeout 3 openssl s_client -quiet -connect "127.0.0.1:$1" 2>/dev/null; }
    # The array goes away when the process ends, the descriptors do not.
    exec {from}<&"${talk[0]}" {to}>&"${talk[1]}"
    if IFS= read -r line <&"$from"; then
        found=0
        printf '%s\n' "${line%$'\r'}"
        printf 'QUIT\r\n' >&"$to"
    fi
    exec {from}<&- {to}>&-
    wait "$talk_PID" 2>/dev/null || true
    return "$found"
}
