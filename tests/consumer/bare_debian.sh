#!/usr/bin/env bash
# A user with nothing but a minimal Debian 12 and a clone: `./run demo` shows a waterfall, then `./run test` passes. Says how long that
# took, and ends with the account. Needs root, debootstrap and 2 GB.
#
# usage: bare_debian.sh [MIRROR]     without one: that of this machine's apt, or debootstrap's own
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
if ((EUID != 0)); then
  echo "a root file system of one's own needs root: sudo $0 $*" >&2
  exit 2
fi
mirror=${1:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Release: bookworm' | sed -n 1p || true)}
folder=$(mktemp -d)
bare=$folder/root log=$folder/log
# Mounts are made in a namespace that ends with what runs in it, so nothing of this machine is below when the rest is removed.
trap 'rm -rf --one-file-system "$folder"' EXIT

debootstrap --variant=minbase bookworm "$bare" ${mirror:+"$mirror"} >"$log" 2>&1 || { cat "$log" && exit 1; }
apt-config dump Acquire::http Acquire::https Acquire::Check-Valid-Until Acquire::Check-Date >"$bare/etc/apt/apt.conf.d/10as-outside"
cp --dereference /etc/resolv.conf /etc/hosts "$bare/etc"

# inside COMMAND...: in the clone, with nothing of this shell's environment
inside() {
  env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin unshare --mount --pid --fork --kill-child bash -c '
    mount -t proc proc "$1/proc" && mount --rbind /sys "$1/sys" && mount --rbind /dev "$1/dev" && cd "$1" && shift &&
    exec chroot . sh -c "cd /root/scout && exec \"\$@\"" sh "$@"' bash "$bare" "$@" 2>&1 </dev/null
}
# logged COMMAND...: shows what it prints; the log says before each line after how many seconds it came
logged() {
  local start=$EPOCHSECONDS line
  "$@" | while IFS= read -r line; do
    printf '%s\n' "$line"
    printf '%d %s\n' $((EPOCHSECONDS - start)) "$line" >&3
  done 3>"$log"
}
minutes() { printf '%d min %02d s' $(($1 / 60)) $(($1 % 60)); }

clone_and_demo() {
  git clone --quiet --depth 1 "file://$root" "$bare/root/scout"
  inside ./run demo
}
demo=0
logged clone_and_demo || demo=1
apt=$(grep -E '^[0-9]+ (Setting up|Processing triggers)' "$log" | tail -n 1 | cut -d ' ' -f 1 || true)
waterfall=$(grep -m 1 '█' "$log" | cut -d ' ' -f 1 || true)
[[ $waterfall ]] || demo=1

test_start=$EPOCHSECONDS
logged inside ./run test || true
account=$(tail -n 1 "$log" | grep -oE '[0-9]+ passed, [0-9]+ failed$' || echo "0 passed, 1 failed")
echo "from the clone to the first waterfall: $(minutes "${waterfall:-0}"), $(minutes "${apt:-0}") of them apt's"
echo "./run test after that: $(minutes $((EPOCHSECONDS - test_start)))"
read -r passed _ failed _ <<<"$account"
((passed += !demo, failed += demo)) || true
echo "$passed passed, $failed failed"
((failed == 0))
