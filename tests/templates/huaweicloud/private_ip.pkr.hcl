# The shape of the plugin's example "private_ip": no EIP, said with a string, in a network that exists.
packer {
  required_plugins {
    huaweicloud = {
      version = ">= 1.2.0"
      source  = "github.com/huaweicloud/huaweicloud"
    }
  }
}

source "huaweicloud-ecs" "artifact" {
  region                      = "cn-north-4"
  flavor                      = "c6.large.2"
  source_image_name           = "CentOS 7.9 64bit"
  image_name                  = "centos-private"
  ssh_username                = "root"
  vpc_id                      = "7a5b1c9e-3f66-4bd5-9f0d-0f8a2b6c1d11"
  subnets                     = ["7a5b1c9e-3f66-4bd5-9f0d-0f8a2b6c1d12"]
  security_groups             = ["7a5b1c9e-3f66-4bd5-9f0d-0f8a2b6c1d13"]
  associate_public_ip_address = "false"
}

build {
  sources = ["source.huaweicloud-ecs.artifact"]

  provisioner "shell" {
    inline = ["echo private_ip > /etc/made-by"]
  }
}
