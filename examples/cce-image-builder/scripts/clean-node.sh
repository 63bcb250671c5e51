#!/bin/sh
# What belongs to this one server is not to be in the image: each node makes its own at its first boot.
set -eu
if command -v cloud-init >/dev/null 2>&1; then
    cloud-init clean --logs || echo "cloud-init could not be cleaned" >&2
fi
if [ -e /etc/machine-id ]; then
    : > /etc/machine-id
fi
rm -f /root/.bash_history /var/lib/dhclient/*.leases /var/lib/systemd/random-seed
sync
