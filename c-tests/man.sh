#!/bin/sh
# usage: man.sh MAN_FOLDER
#
# Every exported function has its page there, and pirn(7); `man` finds and formats them without a warning.
set -eu

pages=$1
fail() { echo "FAILED: $*" >&2; exit 1; }

while read -r name; do
    [ -s "$pages/man3/$name.3" ] || fail "no page for $name"
done <"$(dirname "$0")/exports.txt"
[ -s "$pages/man7/pirn.7" ] || fail "no pirn(7)"

{ command -v man && command -v groff; } >/dev/null || { echo "skipped: no man or groff"; exit 77; }
[ "$(MANPATH=$pages man -w 3 pirn_lock_acquire)" = "$pages/man3/pirn_lock_acquire.3" ] || fail "man does not find pirn_lock_acquire"
[ "$(MANPATH=$pages man -w 7 pirn)" = "$pages/man7/pirn.7" ] || fail "man does not find pirn(7)"
warnings=$(find "$pages" -type f -exec groff -man -K utf8 -T utf8 -z -w w {} + 2>&1) || true
[ -z "$warnings" ] || fail "$(echo "$warnings" | head)"
LC_ALL=C.UTF-8 MANWIDTH=100 MANPATH=$pages man 3 pirn_lock_acquire | grep -q "Takes the lock, waiting as long as" ||
    fail "the page of pirn_lock_acquire does not say what it does"
echo "$(find "$pages" -type f | wc -l) pages"
