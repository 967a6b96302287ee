#!/usr/bin/env bash
# single_header.sh COMPILER OPTION...
# The programs of tests/consumer and the disabled one of tests/configurations, by hand, with nothing of ours but the one header.
set -euo pipefail
compile=("$@" -std=c++20 -Wall -Wextra -Wconversion -Wshadow -Wpedantic -Werror -pthread)
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$root/tools/amalgamate" "$root" "$folder/scout.hpp"
# with_one_header SOURCE: the same source, as it looks when there is but one header.
with_one_header() {
  sed -e 's|#include <scout/agent.hpp>|#define SCOUT_AGENT\n#include "scout.hpp"|' -e 's|#include <scout/scout.hpp>|#include "scout.hpp"|' \
    "$1" >"$folder/$(basename "$1")"
  ! grep '<scout/' "$folder/$(basename "$1")"
}
with_one_header "$root/tests/consumer/program/main.cpp"
with_one_header "$root/tests/consumer/program/work.cpp"
with_one_header "$root/tests/configurations/disabled.cpp"
"${compile[@]}" "$folder"/{main,work}.cpp -lfmt -lsimdjson -o "$folder/program"
"$folder/program"
"${compile[@]}" -DSCOUT_DISABLE -I "$root/tests/configurations/absent" "$folder/disabled.cpp" -o "$folder/disabled"
"$folder/disabled"
