#!/bin/sh
# Runs on this machine once the image is there: the keys are not needed any more.
set -eu
for file in credentials.auto.pkrvars.hcl; do
    [ -f "$file" ] || continue
    if command -v shred >/dev/null 2>&1; then
        shred -u "$file"
    else
        rm -f "$file"
    fi
    echo "$file is deleted"
done
