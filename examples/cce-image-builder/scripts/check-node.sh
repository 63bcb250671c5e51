#!/bin/sh
# The base must be a Linux that we are root of; say which one, for the log.
set -eu
if [ "$(id -u)" != 0 ]; then
    echo "node images are made as root, this is $(id -un)" >&2
    exit 1
fi
. /etc/os-release
echo "base: ${PRETTY_NAME:-unknown}, kernel $(uname -r), $(uname -m)"
