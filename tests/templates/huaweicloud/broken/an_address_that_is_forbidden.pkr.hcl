source "huaweicloud-ecs" "web" {
  region                      = "cn-north-4"
  flavor                      = "s6.large.2"
  source_image_name           = "CentOS 7.9 64bit"
  image_name                  = "web"
  ssh_username                = "root"
  associate_public_ip_address = false
  eip_bandwidth_size          = 5
}

build {
  sources = ["source.huaweicloud-ecs.web"]
}
