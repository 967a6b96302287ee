#!/usr/bin/env bash
# A program that meson builds as the README says: against a tag of scout's repository, of which nothing but the headers may be built for
# it, and against an installed scout.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

block() { awk -v language="$1" '$0 == "```" language { inside = 1; next } /^```$/ { inside = 0 } inside' "$root/README.md"; }

mkdir -p "$folder/repository" "$folder/program/subprojects"
cp -r "$root"/{include,packaging,tools,tests,examples,benchmarks,meson.build,meson_options.txt} "$folder/repository"
(
  cd "$folder/repository"
  git init --quiet && git add .
  git -c user.name=scout -c user.email=scout@localhost commit --quiet -m "All of it" && git tag "v$(tools/version.sh)"
)

cd "$folder/program"
cat "$root"/tests/consumer/program/{work,main}.cpp >main.cpp
{ echo "project('consumer', 'cpp', default_options: ['cpp_std=c++20'])" && block meson; } >meson.build
block ini | sed "s|^url = .*|url = file://$folder/repository|" >subprojects/scout.wrap

meson setup "$folder/fetched" --wrap-mode=forcefallback -Dbuildtype=plain >/dev/null
ninja -C "$folder/fetched"
"$folder/fetched/service"
if ninja -C "$folder/fetched" -t targets all | grep 'subprojects/scout/.*\.o:'; then exit 1; fi

meson setup "$folder/build" "$root" --prefix "$folder/prefix" -Dlibdir=lib -Dtests=disabled -Dexamples=disabled -Dbenchmarks=disabled >/dev/null
meson install -C "$folder/build" --no-rebuild --tags devel --quiet
PKG_CONFIG_PATH=$folder/prefix/lib/pkgconfig meson setup "$folder/installed" --wrap-mode=nofallback -Dbuildtype=plain >/dev/null
ninja -C "$folder/installed"
"$folder/installed/service"
