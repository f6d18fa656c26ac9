# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Sourced by fetch: Debian's backports for one download, with package lists of their own, so that
# the system's list of sources stays as it is.

# mirror CODENAME: where this system gets the Debian release CODENAME from
mirror() {
    # shellcheck disable=SC2016 # apt's own variable
    apt-get indextargets --format '$(SITE)' "Codename: $1" "Origin: Debian" \
        "Created-By: Packages" | head -n 1
}

# use_backports: from here on apt looks into backports alone, as far as downloads go. Fails where
# there are none.
use_backports() {
    local codename site own="$cache/backports"
    # shellcheck source=/dev/null
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    site=$(mirror "$codename")
    [ -n "$site" ] || return 1
    mkdir -p "$own/lists/partial" "$own/archives/partial"
    printf 'deb %s %s-backports main\n' "$site" "$codename" >"$own/sources.list"
    apt_extra=(-o "Dir::Etc::sourcelist=$own/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o "Dir::State::lists=$own/lists" -o "Dir::Cache=$own"
        -o "Dir::Cache::archives=$own/archives")
    retry apt-get "${apt_options[@]}" "${apt_extra[@]}" update && return 0
    forget_backports
    return 1
}

forget_backports() {
    apt_extra=()
    rm -rf "$cache/backports"
}
