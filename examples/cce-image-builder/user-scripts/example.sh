#!/bin/sh
# An example of your own work on the node: install a package that was uploaded, and set something up.
set -eu
install -D -m 0644 /tmp/example.package /opt/example/example.package
mkdir -p /etc/example
echo "installed $(wc -c < /tmp/example.package) bytes" > /etc/example/example.conf
echo "example.package is installed"
