# The shape of the plugin's example "basic": a public image by name, an EIP, nothing else said.
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
  flavor             = "s6.large.2"
  source_image_name  = "Ubuntu 22.04 server 64bit"
  image_name         = "ubuntu-with-a-file"
  image_description  = "Made from a public image"
  image_tags         = { builder = "packer", os = "Ubuntu-22.04-server" }
  ssh_username       = "root"
  eip_type           = "5_bgp"
  eip_bandwidth_size = 5
}

build {
  sources = ["source.huaweicloud-ecs.artifact"]

  provisioner "shell" {
    inline = ["echo basic > /etc/made-by"]
  }

  post-processor "manifest" {
    output     = "manifest.json"
    strip_path = true
  }
}
