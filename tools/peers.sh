#!/bin/sh
# The tests call sipbot with programs that nobody here wrote.  Install them from Debian when that is
# allowed; otherwise say in one line what is missing and how to get it.
set -eu

missing=""
need() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || missing="$missing $2"; }
need sipp sip-tester
need baresip baresip
need kamailio kamailio
[ -n "$(ls /usr/lib/*/kamailio/modules/tls.so 2>/dev/null)" ] || missing="$missing kamailio-tls-modules"
need mosquitto mosquitto
need mosquitto_sub mosquitto-clients
# tests/postgres.py starts a server of its own; the package's would be of no use, and is not started
[ -n "$(ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null)" ] || missing="$missing postgresql"
# tests/torture/failing.c is compiled when it is needed; gcc only recommends the headers
need cc gcc
[ -e /usr/include/stdio.h ] || missing="$missing libc6-dev"
need faketime faketime
need espeak-ng espeak-ng
need chromium chromium
# what callers are sent, for `make bench-lines`
need tcpdump tcpdump
# what anybody opens a hand-over bundle with
need age age
need openssl openssl
# what WeasyPrint makes reports as PDF with
ldconfig -p | grep -q 'libpangoft2-1\.0\.so\.0' || missing="$missing libpangoft2-1.0-0"
# pictures of pages have to show Japanese; the smallest of the fonts that chromium finds by itself
[ -n "$(fc-list :lang=ja 2>/dev/null)" ] || missing="$missing fonts-ipafont-gothic"

[ -n "$missing" ] || exit 0
get="apt-get install --yes --no-install-recommends$missing"
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update --quiet=2
  # a policy of 101 keeps Debian from starting the broker as a service of this machine
  $get --quiet=2 >/dev/null
  exit 0
fi
echo "missing test peers:$missing. Get them with: sudo $get" >&2
exit 1
