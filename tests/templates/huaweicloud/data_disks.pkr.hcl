# The shape of the plugin's example "data_disks": a disk of each of the four kinds, and an image of all.
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
  availability_zone  = "cn-north-4a"
  flavor             = "c6.large.2"
  source_image_name  = "Ubuntu 18.04 server 64bit"
  image_name         = "ubuntu-with-disks"
  image_type         = "system-data"
  ssh_username       = "root"
  eip_type           = "5_bgp"
  eip_bandwidth_size = 5

  data_disks {
    volume_type = "GPSSD"
    volume_size = 10
  }
  data_disks {
    volume_id = "7a5b1c9e-3f66-4bd5-9f0d-0f8a2b6c1d01"
  }
  data_disks {
    volume_type = "SAS"
    snapshot_id = "7a5b1c9e-3f66-4bd5-9f0d-0f8a2b6c1d02"
  }
  data_disks {
    data_image_id = "7a5b1c9e-3f66-4bd5-9f0d-0f8a2b6c1d03"
  }
}

build {
  sources = ["source.huaweicloud-ecs.artifact"]

  provisioner "shell" {
    inline = ["echo data_disks > /etc/made-by"]
  }

  post-processor "manifest" {
    output = "manifest.json"
  }
}
