# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Sourced by the servers whose programs insist on accounts or paths of their package: a mount
# namespace of their own shows them both, and nobody else. The system's files stay as they are.

# The numbers of accounts that the system has not: from what Debian leaves to no package.
first_free_number=64800

# account_files NAME...: in $dir/namespace, the system's accounts and those named
account_files() {
    local account number=$first_free_number own="$dir/namespace"
    mkdir -p "$own"
    cat /etc/passwd >"$own/passwd"
    cat /etc/group >"$own/group"
    for account; do
        number=$((number + 1))
        grep -q "^$account:" "$own/passwd" ||
            echo "$account:x:$number:$number::/nonexistent:/usr/sbin/nologin" >>"$own/passwd"
        grep -q "^$account:" "$own/group" || echo "$account:x:$number:" >>"$own/group"
    done
}

# number_of passwd|group NAME: its number within the namespace
number_of() {
    awk -F: -v name="$2" '$1 == name { print $3 }' "$dir/namespace/$1"
}

# in_namespace [SOURCE=FOLDER...] -- COMMAND...: becomes COMMAND, for which each existing FOLDER
# is SOURCE, and the accounts are those of account_files.
in_namespace() {
    local mounts=("$dir/namespace/passwd=/etc/passwd" "$dir/namespace/group=/etc/group")
    while [ "$1" != -- ]; do
        mounts+=("$1")
        shift
    done
    shift
    # shellcheck disable=SC2016 # for the inner shell
    exec setsid unshare --mount sh -c '
        while [ "$1" != -- ]; do
            mount --bind "${1%%=*}" "${1#*=}" || exit 1
            shift
        done
        shift
        exec "$@"' sh "${mounts[@]}" -- "$@"
}
