#!/usr/bin/env bash
# Fetches aedes, an MQTT broker for node, with npm: the second one that the agent is tested with.
#
#   tools/fetch-aedes.sh FOLDER
set -euo pipefail
. "$(dirname "$0")/common.sh"

folder=$1
version=1.2.0
main=node_modules/aedes/aedes.js

[ ! -e "$folder/$main" ] || exit 0
lock "$folder.lock"
[ ! -e "$folder/$main" ] || exit 0
command -v npm >/dev/null || die "npm is not here to fetch aedes"
rm -rf "$folder.part"
mkdir -p "$folder.part"
phase "Fetching aedes $version with npm" "$folder.log" npm install --prefix "$folder.part" --no-audit \
    --no-fund --ignore-scripts "aedes@$version"
rm -rf "$folder"
mv "$folder.part" "$folder"
