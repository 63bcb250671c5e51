build {
provisioner "shell" {
inline = [<<EOF
  echo one
      echo ${var.two}
EOF
,
<<-EOT
    indented
      more   spaces   here
    %{ if var.a }
    yes ${ f( 1,2 ) }
    %{ else }
    no
    %{ endif }
    EOT
]
script=<<-SCRIPT
#!/bin/sh
# not a comment
x=1   # neither
  SCRIPT
short="x"
text=<<E
$${not} an %%{insert} "quotes" and \ backslashes // /* nothing
E
aligned_after="y" # with a comment
}
}
locals {
file=templatefile("a.tpl",{
body=<<EOB
inside {
  an = "object"
}
EOB
other=1
})
joined=join("\n",[<<A
a
A
,<<B
b
B
])
}
