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
