# The shape of a distribution's own build on Kunpeng: variables from the environment, a password that the image has.
variables {
  source_image_id = env("BASE_IMAGE_ID")
  root_password   = env("BASE_IMAGE_PASSWORD")
  image_name      = "openeuler-runner"
}

source "huaweicloud-ecs" "aarch64" {
  region             = "cn-north-4"
  flavor             = "kc2.large.2"
  source_image       = var.source_image_id
  image_name         = "${var.image_name}-${formatdate("YYYYMMDD-hhmmss", timestamp())}"
  ssh_username       = "root"
  ssh_password       = var.root_password
  eip_type           = "5_bgp"
  eip_bandwidth_size = 100
  volume_size        = 60
}

build {
  name    = "runner"
  sources = ["source.huaweicloud-ecs.aarch64"]

  provisioner "shell" {
    environment_vars = ["RUNNER=arm"]
    inline           = ["echo \"arm_password $RUNNER\" > /etc/made-by"]
  }
}
