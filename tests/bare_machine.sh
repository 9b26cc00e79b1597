#!/usr/bin/env bash
# A Debian that has nothing but python3, python3-venv and make; in it a clone of the last commit, and a command:
#
#   sudo tests/bare_machine.sh make test
#   sudo tests/bare_machine.sh make run
#
# BARE_ROOT    where that Debian lies, to use it again (default: a new folder, taken away at the end)
# BARE_SUITE   its release (default bookworm), BARE_MIRROR: where its packages come from
# BARE_LAY_IN  files and folders of this machine to lay into it, for networks with registries of their own
set -euo pipefail
project=$(cd "$(dirname "$0")/.." && pwd)
[ $# -gt 0 ] || { sed -n '2,9p' "$0"; exit 2; }
[ "$(id -u)" = 0 ] || { echo "A Debian of its own can only be made by root: sudo $0 $*" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "debootstrap is missing. Type: sudo apt-get install debootstrap" >&2; exit 1; }

root=${BARE_ROOT:-$(mktemp -d)}
[ -n "${BARE_ROOT:-}" ] || trap 'rm -rf --one-file-system "$root"' EXIT
if [ ! -e "$root/made.ok" ]; then
    debootstrap --variant=minbase --include=python3,python3-venv,make,ca-certificates \
        "${BARE_SUITE:-bookworm}" "$root" ${BARE_MIRROR:+"$BARE_MIRROR"}
    touch "$root/made.ok"
fi
rm -rf "$root/home/huddle"
git clone -q --no-hardlinks "$project" "$root/home/huddle"
for path in /etc/resolv.conf ${BARE_LAY_IN:-}; do
    mkdir -p "$root$(dirname "$path")"
    rm -rf "${root:?}$path"
    cp -a --dereference "$path" "$root$path"
done

# of this machine's environment only what pip and the network need
kept=$(env | grep -E '^(PIP_[A-Z_]+|[a-zA-Z]+_(proxy|PROXY))=' || true)
mapfile -t kept <<<"$kept"
# mounts and processes of its own: all of them are gone when the command ends
unshare --mount --pid --fork --kill-child bash -euc '
    root=$1; shift
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount --make-rslave "$root/dev"
    exec chroot "$root" env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        TERM="${TERM:-dumb}" "$@"
' bash "$root" "${kept[@]}" sh -c 'cd /home/huddle && exec "$@"' sh "$@"
