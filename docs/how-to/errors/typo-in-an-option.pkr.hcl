source "alicloud-ecs" "web" {
  region        = "cn-hangzhou"
  image_nme     = "web-1"
  source_image  = "aliyun_3_x64_20G_alibase_20240528.vhd"
  instance_type = "ecs.g7.large"
  ssh_username  = "root"
}

build {
  sources = ["source.alicloud-ecs.web"]
}
