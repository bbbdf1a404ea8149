#!/bin/sh
# Chromium for tests/browser, and for those of deploy/ cron, nginx, logrotate and systemd-analyze,
# where root and apt allow it. Without them those tests skip themselves; a CI must not skip.
set -u

has_one_of() {
    for name in "$@"; do
        command -v "$name" >/dev/null && return
    done
    return 1
}

packages=
has_one_of chromium chromium-browser google-chrome || packages="chromium fonts-liberation"
has_one_of crontab || packages="$packages cron"
has_one_of nginx /usr/sbin/nginx || packages="$packages nginx-light"
has_one_of logrotate /usr/sbin/logrotate || packages="$packages logrotate"
has_one_of systemd-analyze || packages="$packages systemd"
[ -n "$packages" ] || exit 0

if [ "$(id -u)" = 0 ] && has_one_of apt-get; then
    echo "Installing $packages"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086  # a list of words
    apt-get update -qq >/dev/null && apt-get install -qq --no-install-recommends $packages >/dev/null && exit 0
fi
echo "Not installed, so some tests are skipped: $packages" >&2
[ "${CI:-}" != true ]
