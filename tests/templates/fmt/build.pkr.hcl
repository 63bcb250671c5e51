packer {
required_version = ">= 1.7.0"
required_plugins {
alicloud = { version = ">= 1.0.0", source = "github.com/hashicorp/alicloud" }
huaweicloud = {
source = "github.com/huaweicloud/huaweicloud"
version = "~> 1.0"
}
}
}

# what the image is called
locals { stamp = regex_replace(timestamp(), "[- TZ:]", "") }
locals {
name="web-${local.stamp}"
tags={Team="web",Stage=var.stage} // both are billed
regions=["cn-beijing","cn-hangzhou"]
}

source "alicloud-ecs"   "web" {
access_key=var.access_key
secret_key=var.secret_key # never in a file
region="cn-beijing"
image_name=local.name
source_image="ubuntu_22_04_x64_20G_alibase_20240101.vhd"
ssh_username="root"

instance_type="ecs.g6.large"
io_optimized=true
tags=merge(local.tags,{
Name=local.name
"built:by"="packer"
})
image_disk_mappings{
disk_name="data"
disk_size=40 /* GiB */
disk_delete_with_instance=true
}
image_disk_mappings { disk_size = 20 }
}

build {
name="web"
description=<<EOF
The web servers' image.
    With ${upper( var.stage )} settings.
EOF
sources=["source.alicloud-ecs.web"]

source "alicloud-ecs.web" {
name="second"
region="cn-hangzhou"
}

provisioner "shell" {
inline=[
"apt-get update",
"apt-get -y install nginx", # the server

"systemctl enable nginx"
]
environment_vars=["STAGE=${var.stage}","A=1"]
only=["alicloud-ecs.web"]
override={
"second"={
inline=["true"]
}
}
}

post-processors {
post-processor "manifest" { output="manifest.json" }
post-processor "shell-local" {
inline=["echo done"]
keep_input_artifact=true
}
}
error-cleanup-provisioner "shell-local" { inline=["echo failed"] }
}
