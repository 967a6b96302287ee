#!/usr/bin/env bash
# Builds the Debian package; lintian finds nothing to say; a program builds against what the package holds.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

mkdir "$folder/scout"
cp -r "$root"/{include,packaging,tools,LICENSE,README.md,CHANGELOG.md,meson.build,meson_options.txt} "$folder/scout"
mv "$folder/scout/packaging/debian" "$folder/scout"
cd "$folder/scout"
version=$(tools/version.sh)
[[ $(dpkg-parsechangelog -S Version) == "$version" ]]
dpkg-buildpackage --build=binary --no-sign >"$folder/log" 2>&1 || { cat "$folder/log" && exit 1; }
# Whoever uploads it gives their own address, and a bug that asks for it.
lintian --fail-on error,warning,info \
  --suppress-tags bogus-mail-host,bogus-mail-host-in-debian-changelog,initial-upload-closes-no-bugs "$folder"/*.changes

dpkg-deb --extract "$folder/libscout-dev_${version}_all.deb" "$folder/installed"
export PKG_CONFIG_PATH=$folder/installed/usr/share/pkgconfig
read -ra flags <<<"$(pkg-config --define-prefix --cflags --libs scout)"
g++ -std=c++20 "$root"/tests/consumer/program/{main,work}.cpp "${flags[@]}" -o "$folder/program"
"$folder/program"
