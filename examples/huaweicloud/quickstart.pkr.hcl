# A small web server image: enough to see every step of a build.
#
#   imagesmith build --simulate examples/huaweicloud/quickstart.pkr.hcl   (no account needed)
#   imagesmith build examples/huaweicloud/quickstart.pkr.hcl              (with HW_ACCESS_KEY and HW_SECRET_KEY)

packer {
  required_plugins {
    huaweicloud = {
      source  = "github.com/huaweicloud/huaweicloud"
      version = ">= 1.2.0"
    }
  }
}

variable "region" {
  type    = string
  default = "cn-north-4"
}

variable "release" {
  type        = string
  default     = "v1.0.0"
  description = "Ends up in the image's tags."
}

locals {
  image_name = "web-${var.release}"
}

source "huaweicloud-ecs" "web" {
  region             = var.region
  image_name         = local.image_name
  image_description  = "A small web server"
  source_image_name  = "Huawei Cloud EulerOS 2.0 64bit"
  flavor             = "s6.large.2"
  eip_bandwidth_size = 5
  ssh_username       = "root"

  image_tags = {
    version = var.release
    app     = "web"
  }
}

build {
  sources = ["source.huaweicloud-ecs.web"]

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
