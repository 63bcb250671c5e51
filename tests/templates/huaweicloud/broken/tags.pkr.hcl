variable "tags" {
  default = { owner = "platform" }
}

source "huaweicloud-ecs" "web" {
  region            = "cn-north-4"
  flavor            = "s6.large.2"
  source_image_name = "CentOS 7.9 64bit"
  image_name        = "web"
  ssh_username      = "root"
  tags              = var.tags
}

build {
  sources = ["source.huaweicloud-ecs.web"]
}
