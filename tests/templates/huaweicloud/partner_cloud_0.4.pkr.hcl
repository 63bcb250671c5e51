# The shape of templates for a partner cloud in the days of plugin 0.4.0: its own IAM, a project, no EIP.
packer {
  required_plugins {
    huaweicloud = {
      version = "= 0.4.0"
      source  = "github.com/huaweicloud/huaweicloud"
    }
  }
}

variable "network_id" {
  type    = string
  default = "7a5b1c9e-3f66-4bd5-9f0d-0f8a2b6c1d21"
}

locals {
  stamp = regex_replace(timestamp(), "[- TZ:]", "")
}

source "huaweicloud-ecs" "golden" {
  auth_url          = "https://iam.eu-de.otc.t-systems.com:443/v3"
  region            = "eu-de"
  project_name      = "eu-de_platform"
  availability_zone = "eu-de-01"
  insecure          = true

  flavor            = "s3.large.2"
  source_image_name = "Standard_Debian_11_latest"
  image_name        = "golden-${local.stamp}"
  instance_name     = "golden-builder"
  networks          = [var.network_id]
  security_groups   = ["default"]
  volume_name       = "golden-root"
  volume_type       = "SSD"
  volume_size       = 40
  image_min_disk    = 40
  config_drive      = true
  ssh_username      = "root"
}

build {
  sources = ["source.huaweicloud-ecs.golden"]

  provisioner "shell" {
    execute_command = "chmod +x {{ .Path }}; {{ .Vars }} sh -c '{{ .Path }}'"
    inline          = ["echo partner_cloud > /etc/made-by"]
  }
}
