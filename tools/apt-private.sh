# shellcheck shell=bash
# Debian packages fetched beside the machine's own apt, which stays as it is. Sourced after
# common.sh, never run.
#
#   apt_private FOLDER TYPE SUITE ARCHITECTURE COMMAND...
#
# runs COMMAND with APT_CONFIG naming a configuration of our own: lists, cache and state are in
# FOLDER, the one source is Debian's SUITE, of TYPE deb or deb-src, checked against Debian's
# archive key. Of the machine's configuration only the way to the network (proxies, timeouts) is
# taken over: its hooks clear the machine's own caches, its pins are about other suites.
#
# The mirrors are those that the machine's own apt uses. They are tried in turn, best first.
# APT_PRIVATE_HINT, when set, ends the message of a failure.

ARCHIVE_KEY=/usr/share/keyrings/debian-archive-keyring.gpg

apt_private() {
    local folder=$1 type=$2 suite=$3 architecture=$4 mirror
    shift 4
    command -v apt-get >/dev/null || die "no apt-get here"
    [ -e "$ARCHIVE_KEY" ] || die "$ARCHIVE_KEY is not there (package debian-archive-keyring)"
    local mirrors
    mirrors=$(apt_mirrors)
    [ -n "$mirrors" ] || die "this machine's apt has no source${APT_PRIVATE_HINT:+; $APT_PRIVATE_HINT}"
    rm -rf "$folder"
    mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial" "$folder/empty"
    folder=$(cd "$folder" && pwd)
    for mirror in $mirrors; do
        apt_configuration "$folder" "$type" "$suite" "$architecture" "$mirror"
        if (APT_CONFIG=$folder/apt.conf && export APT_CONFIG && apt_update && "$@") \
            >>"$folder/log" 2>&1; then
            return 0
        fi
    done
    tail -n 8 "$folder/log" >&2
    die "apt could not fetch from Debian's suite $suite; the whole log is" \
        "$(short "$folder/log")${APT_PRIVATE_HINT:+; $APT_PRIVATE_HINT}"
}

# A project's source, from Debian's source package, unpacked in FOLDER: made whole or not at all.
#
#   fetch_source FOLDER SUITE PACKAGE[=VERSION] TARBALL FILE NAME
#
# TARBALL is a pattern of the tarball's name before .orig.tar; FILE shows that the tree is the right one
# and there; NAME is what people call it. Needs no root.
fetch_source() {
    local folder=$1 suite=$2 package=$3 tarball=$4 file=$5 name=$6 work=$1.apt
    [ ! -e "$folder/$file" ] || return 0
    lock "$folder.lock"
    # Another run may have fetched it while this one waited for the lock.
    [ ! -e "$folder/$file" ] || return 0
    command -v apt-get >/dev/null || die "no apt-get here${APT_PRIVATE_HINT:+; ${APT_PRIVATE_HINT#or }}"
    say "Fetching $name from Debian's suite $suite ..."
    apt_private "$work" deb-src "$suite" "$(dpkg --print-architecture)" download_source "$work" "$package"
    rm -rf "$folder.part"
    mkdir -p "$folder.part"
    # shellcheck disable=SC2086 # a pattern
    tar -xf "$work"/$tarball.orig.tar.* -C "$folder.part" --strip-components=1
    [ -e "$folder.part/$file" ] || die "the package does not hold $name"
    rm -rf "$folder"
    mv "$folder.part" "$folder"
    rm -rf "$work"
}

download_source() { cd "$1" && apt-get -q source --download-only "$2"; }

apt_update() { apt-get -q -o APT::Update::Error-Mode=any update; }

# The addresses of the machine's mirrors, Debian's first. Until the machine's first
# `apt-get update` no source's origin is known: then those of the installed system's suite come
# first, and one that is not Debian's after all is found out by its signature.
# shellcheck disable=SC2016 # $(NAME) is for apt, not for the shell
apt_mirrors() {
    local codename
    codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
    {
        apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)' |
            awk -F '|' '$1 == "Debian" && $2 == "Debian" && $3 == "main" { print $4 }'
        apt-get indextargets --no-release-info --format '$(RELEASE)|$(COMPONENT)|$(REPO_URI)' |
            awk -F '|' -v codename="$codename" '$2 == "main" { print ($1 != codename) "|" $3 }' |
            sort -s -t '|' -k 1,1 | cut -d '|' -f 2
    } | awk '!seen[$0]++'
}

# Debian's suite of this machine; on another system the one that this is developed on.
machine_suite() {
    local ID='' VERSION_CODENAME=''
    . /etc/os-release
    [ "$ID" = debian ] || VERSION_CODENAME=
    printf '%s' "${VERSION_CODENAME:-bookworm}"
}

apt_configuration() {
    local folder=$1
    printf '%s: %s\n' Types "$2" URIs "$5" Suites "$3" Components main Signed-By "$ARCHIVE_KEY" \
        >"$folder/debian.sources"
    : >"$folder/status"
    {
        apt-config dump | grep '^Acquire::' |
            grep -Ev '^Acquire::(IndexTargets|Languages|CompressionTypes|AllowInsecure)' || true
        cat <<CONF
Acquire::Languages "none";
APT::Architecture "$4";
APT::Architectures { "$4"; };
APT::Sandbox::User "root";
Dir::Cache "$folder/cache";
Dir::Etc::Main "/dev/null";
Dir::Etc::Parts "$folder/empty";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "$folder/empty";
Dir::Etc::SourceList "$folder/debian.sources";
Dir::Etc::SourceParts "$folder/empty";
Dir::State "$folder";
Dir::State::Lists "$folder/lists";
Dir::State::Status "$folder/status";
CONF
    } >"$folder/apt.conf"
}
