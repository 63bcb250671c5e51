variable "access_key" {
type=string
default=env("ALICLOUD_ACCESS_KEY")
sensitive=true
}
variable "secret_key" { type = string }
variable "stage" {
type=string
description="Where the image is used."
default="test"

validation {
condition=contains(["test","live"],var.stage)
error_message="The stage must be test or live."
}
validation {
condition=length(var.stage)>0&&substr(var.stage,0,1)!="-"
error_message="The stage must not be empty."
}
}
variable "disks" {
type=list(object({
size=number
name=string
}))
default=[
{size=20,name="a"},
{
size=40
name="data"
},
]
}
variable "limits" {
type=map(number)
default={
cpu=2,
"memory"=4096,
disk:100
}
}
variable "anything" {}
