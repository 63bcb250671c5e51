access_key="LTAI"
region   =   "cn-beijing"
disks=[{size=20,name="root"},{size=40,name="data"}]
tags={
Team="web"
"cost-centre"=1234
}
count=3
offset=-3
enabled=true
