#!/bin/sh
# Install what the tests of databases and pages need, from Debian and npm, where that may be done. What cannot be had is
# named, and the tests that need it skip: loudly, and with CI=true as failures.
set -u
cd "$(dirname "$0")/.."
AXE=4.14.1

missing=""
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || missing="$missing postgresql"
command -v chromium >/dev/null || missing="$missing chromium"
fc-list 2>/dev/null | grep -qi cjk || missing="$missing fontconfig fonts-noto-cjk"
if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing$missing from Debian"
        export DEBIAN_FRONTEND=noninteractive
        # shellcheck disable=SC2086 # the names are words
        { apt-get update -qq && apt-get install -qq -y --no-install-recommends $missing; } >/dev/null 2>&1 ||
            echo "NOT INSTALLED:$missing could not be had; the tests that need them will skip"
    else
        echo "NOT INSTALLED: as root, run: apt-get install$missing; without them some tests skip"
    fi
fi

if [ ! -f build/axe/axe.min.js ]; then
    mkdir -p build/axe
    if command -v npm >/dev/null && (cd build/axe && npm pack --silent "axe-core@$AXE" >/dev/null 2>&1); then
        tar -xzf build/axe/axe-core-$AXE.tgz -C build/axe --strip-components=1 package/axe.min.js package/LICENSE
        rm build/axe/axe-core-$AXE.tgz
    else
        echo "NOT INSTALLED: axe-core $AXE could not be had from npm; the test of accessibility will skip"
    fi
fi
exit 0
