# A custom node image for CCE: a base image that CCE provides, plus your scripts and packages.
#
#   make image        (README.md says which environment variables it needs)

packer {
  required_plugins {
    huaweicloud = {
      version = "= 0.4.0"
      source  = "github.com/huaweicloud/huaweicloud"
    }
  }
}

# Where the temporary server runs, and what it starts from.
variables {
  region_name     = env("REGION_NAME")
  ecs_vpc_id      = env("ECS_VPC_ID")
  ecs_network_id  = env("ECS_NETWORK_ID")
  ecs_secgrp_id   = env("ECS_SECGRP_ID")
  source_image_id = env("CCE_SOURCE_IMAGE_ID")
}

variable "iam_access_key" {
  type        = string
  default     = env("IAM_ACCESS_KEY")
  description = "The access key (AK)."
  sensitive   = true
}

variable "iam_secret_key" {
  type        = string
  default     = env("IAM_SECRET_KEY")
  description = "The secret key (SK)."
  sensitive   = true
}

# The rest can stay as it is; export PKR_VAR_<name>=<value> changes it.
variable "ecs_az" {
  type        = string
  default     = ""
  description = "The zone of the temporary server; empty: any that has the flavor."
}

variable "ecs_flavor" {
  type        = string
  default     = "c7.large.2"
  description = "The flavor of the temporary server."
}

variable "ecs_volume_type" {
  type        = string
  default     = "SSD"
  description = "The type of its system disk."
}

variable "ecs_eip_type" {
  type        = string
  default     = "5_bgp"
  description = "The type of its public address."
}

variable "ecs_eip_bandwidth_size" {
  type        = number
  default     = 5
  description = "The bandwidth of its public address in Mbit/s."
}

variable "ssh_username" {
  type        = string
  default     = "root"
  description = "The user to log in as."
}

variable "image_name" {
  type        = string
  default     = "cce-node"
  description = "What the image's name begins with; the time of the build follows."
}

variable "packer_build_timestamp" {
  type        = string
  default     = env("PACKER_BUILD_TIMESTAMP")
  description = "The time of the build, which packer.sh sets; the log's name has it too."
}

locals {
  image_name = "${var.image_name}-${var.packer_build_timestamp}"
  log        = "packer_${var.packer_build_timestamp}.log"
}

source "huaweicloud-ecs" "builder" {
  region     = var.region_name
  access_key = var.iam_access_key
  secret_key = var.iam_secret_key

  image_name        = local.image_name
  image_description = "CCE node image built at ${var.packer_build_timestamp}"
  source_image      = var.source_image_id

  instance_name     = local.image_name
  availability_zone = var.ecs_az
  flavor            = var.ecs_flavor
  volume_type       = var.ecs_volume_type

  vpc_id             = var.ecs_vpc_id
  subnets            = [var.ecs_network_id]
  security_groups    = [var.ecs_secgrp_id]
  eip_type           = var.ecs_eip_type
  eip_bandwidth_size = var.ecs_eip_bandwidth_size

  ssh_username = var.ssh_username
}

build {
  sources = ["source.huaweicloud-ecs.builder"]

  # Everything in user-packages/ is in /tmp/ of the server before any script runs.
  provisioner "file" {
    source      = "user-packages/"
    destination = "/tmp/"
  }

  provisioner "shell" {
    scripts = [
      "scripts/check-node.sh",
      "user-scripts/example.sh",
      "scripts/clean-node.sh",
    ]
  }

  # What has been logged so far stays in the image, so that a node can tell how it was made. No secret is in it.
  provisioner "file" {
    source      = local.log
    destination = "/var/log/${local.log}"
  }

  provisioner "shell" {
    inline = ["echo \"${local.image_name} is ready\""]
  }

  post-processors {
    post-processor "manifest" {
      output = "image.json"
    }

    post-processor "shell-local" {
      script = "scripts/forget-credentials.sh"
    }
  }
}
