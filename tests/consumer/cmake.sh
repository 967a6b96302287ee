#!/usr/bin/env bash
# A program that CMake builds as the README says: against an installed scout, and against a tag of its repository. A version that is
# not installed is refused; a part that only records needs neither fmt nor simdjson.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
version=$("$root/tools/version.sh")

# install NAME OPTION...
install() {
  meson setup "$folder/$1.build" "$root" "${@:2}" -Dtests=disabled -Dexamples=disabled -Dbenchmarks=disabled >/dev/null
  meson install -C "$folder/$1.build" --no-rebuild --tags devel --quiet
}
install here --prefix "$folder/prefix"
mv "$folder/prefix" "$folder/moved"

awk -v to="$folder/readme" '/^```cmake$/ { block = to (++n) ".cmake"; next } /^```$/ { block = "" } block { print > block }' "$root/README.md"
installed=$folder/readme1.cmake fetched=$folder/readme2.cmake

# configure NAME FROM OPTION...
configure() {
  cmake -S "$root/tests/consumer/program" -B "$folder/$1" "-DSCOUT_FROM=$2" "-DCMAKE_PREFIX_PATH=$folder/moved" "${@:3}" >"$folder/$1.log" 2>&1
}
# refused FROM SAID OPTION...
refused() {
  ! configure refused "$1" "${@:3}" && grep -q -- "$2" "$folder/refused.log" || { cat "$folder/refused.log" && return 1; }
  rm -r "$folder/refused"
}
# wants TEXT...: a file that asks for that
wants() {
  echo "find_package(scout $*)"$'\n''target_link_libraries(service PRIVATE scout::instrument)' >"$folder/wants.cmake"
  echo "$folder/wants.cmake"
}

configure installed "$installed"
cmake --build "$folder/installed"
"$folder/installed/service"

# Headers, and libraries too, may stand outside of the prefix, as those of some distributions do.
for libraries in inside/lib outside/lib; do
  install "$libraries" --prefix "$folder/inside" "-Dincludedir=$folder/outside/include" "-Dlibdir=$folder/$libraries"
  configure "$libraries/program" "$installed" "-DCMAKE_PREFIX_PATH=$folder/${libraries%/*}" ||
    { cat "$folder/$libraries/program.log" && exit 1; }
  cmake --build "$folder/$libraries/program"
  "$folder/$libraries/program/service"
  rm -rf "${folder:?}/inside" "$folder/outside"
done

refused "$(wants 99.0 REQUIRED)" 'requested version "99.0"'
refused "$(wants 0.0.1 REQUIRED)" 'requested version "0.0.1"'
no_libraries=(-DCMAKE_DISABLE_FIND_PACKAGE_fmt=TRUE -DCMAKE_DISABLE_FIND_PACKAGE_simdjson=TRUE)
refused "$(wants "$version" REQUIRED)" 'needs fmt and simdjson' "${no_libraries[@]}"
configure spans_only "$(wants "$version" REQUIRED COMPONENTS instrument)" -DSCOUT_SPANS_ONLY=TRUE "${no_libraries[@]}"
cmake --build "$folder/spans_only"

mkdir "$folder/repository"
cp -r "$root"/{include,packaging} "$folder/repository"
(
  cd "$folder/repository"
  git init --quiet && git add .
  git -c user.name=scout -c user.email=scout@localhost commit --quiet -m "The headers" && git tag "v$version"
)
configure fetched "$fetched" "-DSCOUT_REPOSITORY=file://$folder/repository" -UCMAKE_PREFIX_PATH
cmake --build "$folder/fetched"
"$folder/fetched/service"
