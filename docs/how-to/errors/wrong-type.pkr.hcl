variable "disk_size" {
  type    = number
  default = "forty"
}

variable "zones" {
  type    = list(string)
  default = { first = "cn-hangzhou-h" }
}
