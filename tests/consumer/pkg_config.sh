#!/usr/bin/env bash
# Installs into a folder of its own; builds a program against it by hand, with what pkg-config says. A part that only records links
# nothing; a version that is not installed is refused.
set -euo pipefail
compiler=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

meson setup "$folder/build" "$root" --prefix "$folder/prefix" -Dlibdir=lib -Dtests=disabled -Dexamples=disabled -Dbenchmarks=disabled >/dev/null
meson install -C "$folder/build" --no-rebuild --tags devel --quiet

export PKG_CONFIG_PATH=$folder/prefix/lib/pkgconfig
for name in scout scout-instrument; do
  if pkg-config --exists "$name >= 99"; then exit 1; fi
done
[[ ! $(pkg-config --libs scout-instrument) =~ [^[:space:]] ]]
read -ra part <<<"$(pkg-config --cflags scout-instrument)"
"$compiler" -std=c++20 -fPIC -shared -Wl,-z,defs "$root/tests/consumer/program/work.cpp" "${part[@]}" -o "$folder/libwork.so"
read -ra flags <<<"$(pkg-config --cflags --libs scout)"
"$compiler" -std=c++20 "$root"/tests/consumer/program/{main,work}.cpp "${flags[@]}" -o "$folder/program"
"$folder/program"
