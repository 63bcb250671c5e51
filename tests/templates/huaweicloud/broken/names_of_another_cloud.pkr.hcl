source "huaweicloud-ecs" "web" {
  region            = "cn-north-4"
  instance_type     = "s6.large.2"
  subnet_id         = "7a5b1c9e-3f66-4bd5-9f0d-0f8a2b6c1d12"
  security_group_id = "7a5b1c9e-3f66-4bd5-9f0d-0f8a2b6c1d13"
  shutdown_behavior = "terminate"
  source_image_name = "CentOS 7.9 64bit"
  image_name        = "web"
  ssh_username      = "root"
}

build {
  sources = ["source.huaweicloud-ecs.web"]
}
