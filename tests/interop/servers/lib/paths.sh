# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Sourced by fetch and by the servers' scripts: where unpacked packages have their libraries.

# library_path ROOT: for LD_LIBRARY_PATH
library_path() {
    local folder path=""
    for folder in "$1"/{,usr/}lib/*-linux-gnu* "$1"/{,usr/}lib "$1"/usr/lib/postfix; do
        [ ! -d "$folder" ] || path+=${path:+:}$folder
    done
    printf '%s' "$path"
}
