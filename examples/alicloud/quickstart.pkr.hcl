# A small web server image: enough to see every step of a build.
#
#   imagesmith build --simulate examples/alicloud/quickstart.pkr.hcl     (no account needed)
#   imagesmith build examples/alicloud/quickstart.pkr.hcl                (with ALICLOUD_ACCESS_KEY and _SECRET_KEY)

packer {
  required_plugins {
    alicloud = {
      source  = "github.com/hashicorp/alicloud"
      version = ">= 1.1.0"
    }
  }
}

variable "region" {
  type    = string
  default = "cn-hangzhou"
}

variable "release" {
  type        = string
  default     = "v1.0.0"
  description = "Ends up in the image's tags."
}

locals {
  image_name = "web-${var.release}"
}

source "alicloud-ecs" "web" {
  region                      = var.region
  image_name                  = local.image_name
  image_description           = "A small web server"
  source_image                = "aliyun_3_9_x64_20G_alibase_20231219.vhd"
  instance_type               = "ecs.s6-c1m2.large"
  internet_charge_type        = "PayByTraffic"
  ssh_username                = "root"
  image_ignore_data_disks     = true
  wait_snapshot_ready_timeout = 7200

  tags = {
    version = var.release
    app     = "web"
  }
}

build {
  sources = ["source.alicloud-ecs.web"]

  provisioner "file" {
    content     = "<h1>Hello from ${local.image_name}</h1>\n"
    destination = "/srv/index.html"
  }

  provisioner "shell" {
    environment_vars = ["RELEASE=${var.release}"]
    inline = [
      "echo \"installing release $RELEASE\"",
      "mkdir -p /etc/web && echo \"$RELEASE\" > /etc/web/release",
      "chmod 644 /srv/index.html",
      "echo done",
    ]
  }
}
