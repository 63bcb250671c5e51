variable "region" {
  type    = string
  default = "cn-hangzhou"
}

locals {
  name = "web-${var.regoin}"
}
