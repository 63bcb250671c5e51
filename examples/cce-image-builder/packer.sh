#!/bin/sh
# Builds the image: `make image`. README.md says which environment variables it needs.
set -eu
cd "$(dirname "$0")"

missing=""
for name in REGION_NAME ECS_VPC_ID ECS_NETWORK_ID ECS_SECGRP_ID CCE_SOURCE_IMAGE_ID; do
    eval "[ -n \"\${$name:-}\" ]" || missing="$missing $name"
done
if [ ! -f credentials.auto.pkrvars.hcl ]; then
    for name in IAM_ACCESS_KEY IAM_SECRET_KEY; do
        eval "[ -n \"\${$name:-}\" ]" || missing="$missing $name"
    done
fi
if [ -n "$missing" ]; then
    echo "packer.sh: these environment variables are not set:$missing" >&2
    exit 2
fi

# Any value keeps Packer from calling hashicorp.com. (imagesmith never calls anybody but the cloud.)
export CHECKPOINT_DISABLE=false

# The log's name ends in the time, which the template needs too, because the log goes into the image.
PACKER_BUILD_TIMESTAMP=$(date +%Y%m%d%H%M%S)
export PACKER_LOG=1
export PACKER_BUILD_TIMESTAMP
export PACKER_LOG_PATH="packer_$PACKER_BUILD_TIMESTAMP.log"

packer -v
packer init .
packer build .
