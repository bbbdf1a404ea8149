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

wanted= # by the tests: without one of these some are skipped
has_one_of chromium-headless-shell chromium chromium-browser google-chrome || wanted="chromium"
has_one_of crontab || wanted="$wanted cron"
has_one_of nginx /usr/sbin/nginx || wanted="$wanted nginx-light"
has_one_of logrotate /usr/sbin/logrotate || wanted="$wanted logrotate"
has_one_of systemd-analyze || wanted="$wanted systemd"
# The one without windows does the same at two thirds of the cost, also where another one is.
has_one_of chromium-headless-shell && [ -z "$wanted" ] && exit 0

if [ "$(id -u)" = 0 ] && has_one_of apt-get; then
    export DEBIAN_FRONTEND=noninteractive
    apt="apt-get -qq -o Acquire::Retries=1 -o Acquire::http::Timeout=10"
    $apt update >/dev/null 2>&1
    packages=$wanted
    if ! has_one_of chromium-headless-shell && apt-cache show chromium-headless-shell >/dev/null 2>&1; then
        packages="${wanted#chromium} chromium-headless-shell"
    fi
    [ -n "$packages" ] || exit 0
    echo "Installing $packages"
    # shellcheck disable=SC2086  # a list of words
    $apt install --no-install-recommends $packages fonts-liberation >/dev/null && exit 0
fi
[ -n "$wanted" ] || exit 0
echo "Not installed, so some tests are skipped: $wanted" >&2
[ "${CI:-}" != true ]
