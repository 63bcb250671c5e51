source "alicloud-ecs" "web" {
  region        = "cn-hangzhou
  image_name    = "web-1"
}

build {
  sources = ["source.alicloud-ecs.web"]
}
