# The shape of the plugin's example "encryption": an encrypted system disk and data disk, the source by a filter.
packer {
  required_plugins {
    huaweicloud = {
      version = ">= 1.2.0"
      source  = "github.com/huaweicloud/huaweicloud"
    }
  }
}

source "huaweicloud-ecs" "artifact" {
  region             = "cn-north-4"
  flavor             = "c6.large.2"
  image_name         = "centos-encrypted"
  image_type         = "system-data"
  ssh_username       = "root"
  eip_bandwidth_size = 5
  volume_type        = "GPSSD"
  kms_key_id         = "0d0466b0-e727-4d9c-b35d-f84bb474a37f"

  source_image_filter {
    filters {
      name       = "CentOS 7.9 64bit"
      visibility = "public"
    }
    most_recent = true
  }

  data_disks {
    volume_size = 20
    kms_key_id  = "0d0466b0-e727-4d9c-b35d-f84bb474a37f"
  }
}

build {
  sources = ["source.huaweicloud-ecs.artifact"]

  provisioner "shell" {
    inline = ["echo encryption > /etc/made-by"]
  }
}
