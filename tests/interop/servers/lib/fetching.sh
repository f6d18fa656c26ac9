# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Sourced by fetch: brings packages to CACHE_DIR/SERVER/root without installing them. The
# libraries that they need and this system lacks (or has too old) are unpacked beside them.

# apt as root downloads into folders that its own user cannot write to.
apt_options=(-q -o APT::Sandbox::User=root)

fail() {
    echo "fetch: $*" >&2
    exit 1
}

# retry COMMAND...: three tries, the pauses between them growing; its output is shown only when
# all of them failed.
retry() {
    local try said
    for try in 1 2 3; do
        said=$("$@" 2>&1 </dev/null) && return 0
        sleep $((try * 2))
    done
    printf '%s\n' "$said" >&2
    return 1
}

# Package lists may be missing (fresh containers) or outdated (then downloads fail).
lists_are_updated=no
update_lists() {
    [ "$lists_are_updated" = no ] || return 1
    lists_are_updated=yes
    retry apt-get "${apt_options[@]}" update
}

# missing_libraries PACKAGE...: those of the packages' dependencies that are libraries and that
# apt would have to install. Simulated: nothing is installed, and no conflict matters.
missing_libraries() {
    apt-get "${apt_options[@]}" -s install --no-install-recommends "$@" 2>/dev/null |
        awk '$1 == "Inst" && $2 ~ /^(lib|python3-)/ { print $2 }'
}

# download FOLDER PACKAGE...
download() {
    local folder=$1
    shift
    (cd "$folder" && apt-get "${apt_options[@]}" "${apt_extra[@]}" download "$@")
}
apt_extra=()

# unpack FOLDER NEW: every package in FOLDER to NEW/root, and into NEW/versions what it is. No program keeps its set-user-ID bit: all are
# started by root, and the dynamic linker would ignore LD_LIBRARY_PATH for them.
unpack() {
    local package
    for package in "$1"/*.deb; do
        dpkg -x "$package" "$2/root"
        # shellcheck disable=SC2016 # variables of dpkg-deb
        dpkg-deb -W --showformat='${Package} ${Version}\n' "$package" >>"$2/versions"
    done
    find "$2/root" -type f -perm /6000 -exec chmod ug-s {} +
}

# unpack_packages SERVER PACKAGE...: makes CACHE_DIR/SERVER/root, whole or not at all.
unpack_packages() {
    local server=$1 new="$cache/$1.new" packages
    shift
    apt-cache show "$@" >/dev/null 2>&1 || update_lists || true
    # shellcheck disable=SC2046 # one word a package
    packages=$(printf '%s\n' "$@" $(missing_libraries "$@") | sort -u)
    rm -rf "$new"
    mkdir -p "$new/packages" "$new/root"
    # shellcheck disable=SC2086
    retry download "$new/packages" $packages 2>/dev/null ||
        { update_lists && retry download "$new/packages" $packages; } ||
        fail "$server: cannot download the packages $(echo $packages) with apt-get;" \
            "see what apt said above, and whether apt-get update works here"
    unpack "$new/packages" "$new"
    rm -rf "$new/packages" "${cache:?}/$server"
    mv "$new" "$cache/$server"
}

# need_libraries SERVER PROGRAM...: programs of the unpacked root find all their libraries.
need_libraries() {
    local server=$1 root="$cache/$1/root" program missing
    shift
    for program; do
        [ -x "$root/$program" ] || fail "$server: its package has no program /$program"
        missing=$(LD_LIBRARY_PATH=$(library_path "$root") ldd "$root/$program" |
            awk '/not found/ { print $1 }' | sort -u | xargs)
        [ -z "$missing" ] || fail "$server: /$program needs the libraries $missing;" \
            "install their packages, or remove $cache/$server and try again"
    done
}
