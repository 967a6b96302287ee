#!/usr/bin/env bash
# Builds a program that has this project among its subprojects; nothing of ours but the headers may be built for it.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cp -r "$root/tests/consumer/program" "$folder/program"
mkdir -p "$folder/program/subprojects/scout"
cp -r "$root"/{include,packaging,tools,tests,examples,benchmarks,meson.build,meson_options.txt} "$folder/program/subprojects/scout"
meson setup "$folder/build" "$folder/program" --wrap-mode=forcefallback -Dbuildtype=plain >/dev/null
meson test -C "$folder/build" --print-errorlogs consumer
! ninja -C "$folder/build" -t targets all | grep 'subprojects/scout/.*\.o:'
