"""Comments for people who see HCL2 for the first time: ``-with-annotations``."""

from __future__ import annotations

TEMPLATE = ""

PACKER = """\
# Which version of Packer the template needs, and which plugins.
"""

VARIABLES = """\
# Input variables. Their values come from -var, -var-file, *.auto.pkrvars.hcl files and PKR_VAR_… in the environment.
# All of them are strings, as in JSON; other types can be given to them now.
"""

LOCALS = """\
# Values that are computed from others. Where a variable had such a value in JSON, its variable block has no default,
# and the local takes what is given for the variable or else computes the value: refer to the local.
"""

SOURCES = """\
# Each source is what a builder was: which image is to be made, and with what. A build refers to it by type and name.
"""

BUILD = """\
# What is done with the sources: provisioners run in this order, then post-processors. Values of the running build are
# build.ID, build.Host and so on; text in double braces is still rendered as a Go template.
"""
