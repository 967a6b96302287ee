#!/usr/bin/env bash
# The headers that record, on a processor of another kind, as far as an emulator is one: in programs of each kind there is the
# registry, found by way of the note in the object.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

for options in -fno-pie -fpie -fPIC -static; do
  link=()
  [[ $options == -fno-pie ]] && link=(-no-pie)
  aarch64-linux-gnu-g++ -std=c++20 -O2 -Wall -Wextra -Wconversion -Wshadow -Wpedantic -Werror "$options" -I "$root/include" \
    "$root/tests/consumer/program/registry.cpp" "${link[@]}" -o "$folder/program"
  qemu-aarch64 -L /usr/aarch64-linux-gnu "$folder/program"
done
