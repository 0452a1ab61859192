#!/bin/sh
# Unpacks liburcu of another architecture in build/sysroot-<arch>, without root and without dpkg --add-architecture.
# The cross compilers bring libc and libstdc++ along, so nothing else is missing.
#
#   scripts/cross-sysroot.sh arm64|ppc64le
set -eu
cd "$(dirname "$0")/.."
case ${1-} in
arm64) debian=arm64 ;;
ppc64le) debian=ppc64el ;;
*) echo "usage: $0 arm64|ppc64le" >&2; exit 2 ;;
esac
sysroot=$PWD/build/sysroot-$1
[ -e "$sysroot/.complete" ] && exit 0

own=$sysroot/.apt
rm -rf "$sysroot"
mkdir -p "$own/lists/partial" "$own/cache/archives/partial" "$own/debs"
: >"$own/status"
apt_options="-o APT::Architecture=$debian -o APT::Architectures=$debian -o Dir::State::Lists=$own/lists
  -o Dir::State::status=$own/status -o Dir::Cache=$own/cache -o Debug::NoLocking=1 -o Acquire::Retries=3"
# one suite of a foreign architecture may be out of step on a mirror; the download decides
# shellcheck disable=SC2086
apt-get $apt_options update -qq || true
# shellcheck disable=SC2086
library=$(apt-cache $apt_options depends liburcu-dev | sed -n 's/.*Depends: \(liburcu[0-9][0-9a-z]*\)$/\1/p')
# shellcheck disable=SC2086
(cd "$own/debs" && apt-get $apt_options download -qq liburcu-dev $library)
for deb in "$own"/debs/*.deb; do dpkg -x "$deb" "$sysroot"; done
rm -rf "$own"
touch "$sysroot/.complete"
