locals {
sum=1+2*3-4/5%6
negative=-var.a
difference=var.a - -1
both=var.a&&var.b||var.c
compared=var.a==1&&var.b!=2&&var.c<3&&var.d<=4&&var.e>5&&var.f>=6
chosen=var.a?"x":"y"
nested=var.a?(var.b?1:2):(var.c?-3:-4)
over_lines=(
var.a
?1
:2
)
list=[for s in var.list:upper(s) if s!=""]
map={for k,v in var.map:k=>v...if v!=null}
long_list=[
for key,value in var.map:
"${key}=${value}"
if value!=""
]
long_map={
for key,value in var.map:
key=>{
name=value
size=length(value)
}
}
splat=var.list[*].name
legacy=var.list.*.name
numbered=var.list.0.name
indexed=var.map["a"].b[0][var.i+1]
called=max([1,2,3]...)
empty=[]
none={}
deep=f(g(h([{a=[1,2,{b=3}]}])))
merged=merge({
a=1
bb=2
},{
ccc=3
})
wrapped=join(",",[
"a",
"bb",
])
trailing=f(
1,
2,
)
quoted="a \"b\" \\ $${c} %%{d} \u00e9\t"
inserted="${var.a}-${ var.b }-${~ var.c ~}"
directed="%{ if var.a }yes%{ else }no%{ endif }%{~ for x in var.list ~}${x}%{ endfor }"
object="${{a=1}.a}"
inner="${join(",",["a${var.b}","c${"d"}"])}"
exponent=1.5e+10
unicode="日本語"
größe=1
flag=true
nothing=null
parenthesised=((1))
}
