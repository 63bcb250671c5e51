source "huaweicloud-ecs" "web" {
  region       = "cn-north-4"
  flavor       = "s6.large.2"
  image_name   = "web"
  ssh_username = "root"
}

build {
  sources = ["source.huaweicloud-ecs.web"]
}
