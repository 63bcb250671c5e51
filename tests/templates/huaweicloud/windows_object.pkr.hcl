# The shape of a Windows template that is driven by one object without a type: lookup() gives defaults.
variable "artifact" {
  default = {
    name   = "windows-2022"
    flavor = "c6.large.2"
  }
}

source "huaweicloud-ecs" "windows" {
  region            = lookup(var.artifact, "region", "cn-north-4")
  flavor            = lookup(var.artifact, "flavor", "s6.large.2")
  source_image_name = lookup(var.artifact, "image", "Windows Server 2022 Standard 64bit English")
  image_name        = "${lookup(var.artifact, "name", "windows")}-${formatdate("YYYYMMDD", timestamp())}"
  vpc_id            = lookup(var.artifact, "vpc_id", "")
  subnets           = lookup(var.artifact, "subnets", [])
  security_groups   = concat(lookup(var.artifact, "groups", []), [])
  volume_size       = lookup(var.artifact, "volume_size", "100")
  communicator      = "winrm"
  winrm_username    = "Administrator"
  winrm_password    = "Placeholder-1"
}

build {
  sources = ["source.huaweicloud-ecs.windows"]

  provisioner "powershell" {
    inline = ["Write-Output done"]
  }

  post-processor "manifest" {
    output      = "manifest.json"
    custom_data = { artifact = lookup(var.artifact, "name", "windows") }
  }
}
