source "huaweicloud-ecs" "web" {
  region            = "${env("HW_REGION_NAME")}"
  flavor            = "s6.large.2"
  source_image_name = "CentOS 7.9 64bit"
  image_name        = "web"
  ssh_username      = "root"
}

build {
  sources = ["source.huaweicloud-ecs.web"]
}
