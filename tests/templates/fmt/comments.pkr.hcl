   # the first line
// another kind
/* a block */
/*
 a block
    over lines
*/
variable "a" { # after a brace
# before an argument
default=1 # after an argument
  // in between
description="x" // another
/* before */ type=string /* after */
} # after the end

locals {
# nothing but a comment
}
locals {
list=[ # after a bracket
1, # one
22,   // two
333 /* three */
# a line of its own
] # after the list
object={ // after the brace
a=1 # one
bbb=2 # two
# between
cc=3 // three

d=4 # four
}
call=f( # after a parenthesis
1, # one
/* before */ 2
)
sum=1+/* in the middle */2
a=1 # x
# breaks nothing

bb=2 # y
c=3
dddddddd=4 # z
}
#no space
#
# the last line
