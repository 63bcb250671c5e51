packer {
  required_plugins {
    huaweicloud-ecs = {
      version = ">= 1.0.0"
      source  = "github.com/huaweicloud/huaweicloud"
    }
  }
}

source "huaweicloud-ecs" "web" {
  region            = "cn-north-4"
  flavor            = "s6.large.2"
  source_image_name = "CentOS 7.9 64bit"
  image_name        = "web"
  ssh_username      = "root"
}

build {
  sources = ["source.huaweicloud-ecs.web"]
}
