source "alicloud-ecs" "many" {
dynamic "image_disk_mappings" {
for_each=var.disks
iterator=disk
labels=[]
content {
disk_name=disk.value.name
disk_size=disk.value.size>10?disk.value.size:10
}
}
}
data "http" "version" {
url="https://example.com/version"
request_headers={Accept="text/plain"}
}
build {
dynamic "source" {
for_each={for i,r in var.regions:r=>i}
labels=["alicloud-ecs.many"]
content { name="r${source.value}" }
}
dynamic "provisioner" {
for_each=toset(["a","b"])
labels=["shell"]
content {
inline=["echo ${provisioner.value}","sleep ${length(provisioner.value)*2}"]
}
}
provisioner "file" {
content=jsonencode({
"a":1,
"list":[1,2,3],
"nested":{"b":true,"c":null}
})
destination="/etc/app.json"
}
provisioner "powershell" { elevated_user="SYSTEM" }
}
