# ruff: noqa: E501 - one template to a line
"""HCL2: blocks, variables, locals, sources, builds and their steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.differential.accepting.case import Case

N = 'source "null" "n" {\n  communicator = "none"\n}\n'
M = 'source "null" "m" {\n  communicator = "none"\n}\n'
LOCAL = '  provisioner "shell-local" {\n    inline = ["true"]\n  }\n'


def build(body: str = "", sources: str = '["source.null.n"]') -> str:
    return f"build {{\n  sources = {sources}\n{body}}}\n"


def whole(more: str = "", body: str = "") -> str:
    """A template that is good, with more blocks and more in its build."""
    return more + N + build(body)


def local(options: str, kind: str = "provisioner") -> str:
    """A template whose one step has these arguments beside its script."""
    return whole(body=f'  {kind} "shell-local" {{\n    inline = ["true"]\n    {options}\n  }}\n')


def variable(body: str, used: str = "") -> str:
    return whole(
        f'variable "a" {{\n{body}\n}}\n',
        f'  provisioner "shell-local" {{\n    inline = [{used}]\n  }}\n' if used else "",
    )


def source(body: str) -> str:
    return f'source "null" "n" {{\n  communicator = "none"\n{body}\n}}\n' + build()


def cloud(body: str) -> str:
    return (
        'source "alicloud-ecs" "n" {\n  access_key = "LTAI0000000000000000"\n  secret_key = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"\n  region = "cn-beijing"\n'
        '  image_name = "web"\n  source_image = "m-1"\n  instance_type = "ecs.n1.tiny"\n  ssh_username = "root"\n'
        f"{body}\n}}\n" + build(sources='["source.alicloud-ecs.n"]')
    )


def required(body: str) -> str:
    return whole(f"packer {{\n{body}\n}}\n")


TEXTS: dict[str, str] = {
    # files and blocks
    "least": whole(),
    "empty file": "",
    "only a comment": "# nothing\n",
    "comments": "# a\n// b\n/* c\n d */\n" + whole(),
    "source without a build": N,
    "build without a source": 'build {\n  sources = ["source.null.n"]\n}\n',
    "argument at the top": "a = 1\n" + whole(),
    "unknown block": "bogus {\n}\n" + whole(),
    "misspelt block": 'variabel "a" {\n}\n' + whole(),
    "provisioner at the top": LOCAL + whole(),
    "builders at the top": 'builders "a" {\n}\n' + whole(),
    "dynamic at the top": 'dynamic "source" {\n  for_each = [1]\n  content {}\n}\n' + whole(),
    "module block": 'module "a" {\n}\n' + whole(),
    "communicator block": 'communicator "ssh" "a" {\n  ssh_username = "x"\n}\n' + whole(),
    "single-line block": 'source "null" "n" { communicator = "none" }\nbuild { sources = ["source.null.n"] }\n',
    "single-line block with two arguments": 'source "null" "n" { communicator = "none" ssh_pty = true }\n' + build(),
    "single-line block with a block": 'build { sources = ["source.null.n"] provisioner "shell-local" { inline = ["true"] } }\n' + N,
    "single-line nested block": whole(body='  provisioner "shell-local" { inline = ["true"] }\n'),
    "empty single-line block": whole("locals {}\n"),
    "brace on the next line": N + 'build\n{\n  sources = ["source.null.n"]\n}\n',
    "two blocks on a line": whole("locals {} variables {}\n"),
    "missing brace": N + 'build {\n  sources = ["source.null.n"]\n',
    "brace too many": whole() + "}\n",
    "commas between arguments": 'source "null" "n" {\n  communicator = "none",\n}\n' + build(),
    "colon for equals": 'source "null" "n" {\n  communicator: "none"\n}\n' + build(),
    "quoted argument name": 'source "null" "n" {\n  "communicator" = "none"\n}\n' + build(),
    "unquoted labels": 'source null n {\n  communicator = "none"\n}\n' + build(),
    "one label too few": 'source "null" {\n}\n' + whole(),
    "one label too many": 'source "null" "n" "x" {\n}\n' + build(),
    "label on a build": N + 'build "x" {\n  sources = ["source.null.n"]\n}\n',
    "label with an interpolation": whole('variable "a${1}" {\n  default = 1\n}\n'),
    "argument twice": 'source "null" "n" {\n  communicator = "none"\n  communicator = "none"\n}\n' + build(),
    "no newline at the end": whole().rstrip("\n"),
    "CRLF": whole().replace("\n", "\r\n"),
    "tabs": whole().replace("  ", "\t"),
    "byte order mark": "\ufeff" + whole(),
    "heredoc": whole("locals {\n  a = <<EOT\nx\nEOT\n}\n"),
    "indented heredoc": whole("locals {\n  a = <<-EOT\n    x\n    EOT\n}\n"),
    "unclosed heredoc": whole("locals {\n  a = <<EOT\nx\n}\n"),
    "unclosed string": whole('locals {\n  a = "x\n}\n'),
    "single-quoted string": whole("locals {\n  a = 'x'\n}\n"),
    # the packer block
    **{
        f"required_version {wanted}": required(f"  required_version = {wanted}")
        for wanted in ('">= 1.5.0"', '"~> 1.6"', '"1.6.6"', '"> 99"', '"!= 1.0.0"', '">= 1.5, < 99"', '">= 1.5, > 99"', '""', '"x"', "1.5", "null", '["1.5"]', '">= ${1}"', '"v1.5 "', "var.a", '"< 1.0"', '"=> 1"', '">=1.5.0,<99.0.0"', '"~> 0.9"', '">= 1.x"')
    },
    "packer block empty": required(""),
    "packer block with an unknown argument": required("  bogus = 1"),
    "packer block with an unknown block": required("  bogus {\n  }"),
    "packer block twice": whole('packer {\n  required_version = ">= 1.0"\n}\npacker {\n  required_version = ">= 1.1"\n}\n'),
    "packer block with a label": whole('packer "x" {\n}\n'),
    # variables
    "variable": variable('default = "x"'),
    "variable without default": variable(""),
    "variable of null": variable("default = null"),
    "variable with everything": variable('default = "x"\ntype = string\ndescription = "d"\nsensitive = true'),
    "variable with an unknown argument": variable('default = "x"\nbogus = 1'),
    "variable with an unknown block": variable('default = "x"\nbogus {\n}'),
    "variable twice": whole('variable "a" {\n  default = 1\n}\nvariable "a" {\n  default = 2\n}\n'),
    "variable in both forms": whole('variable "a" {\n  default = 1\n}\nvariables {\n  a = 2\n}\n'),
    "variable without a label": whole("variable {\n}\n"),
    "variable with a bad name": whole('variable "1a" {\n  default = 1\n}\n'),
    "variable with a dash": whole('variable "a-b" {\n  default = 1\n}\n'),
    "variable with a space": whole('variable "a b" {\n  default = 1\n}\n'),
    "variable called version": whole('variable "version" {\n  default = 1\n}\n'),
    "variables block": whole('variables {\n  a = 1\n  b = "x"\n  c = ["x"]\n  d = {}\n}\n'),
    "variables block with a block": whole("variables {\n  a {\n  }\n}\n"),
    "variables block with a null": whole("variables {\n  a = null\n}\n"),
    "variable and local of one name": whole('variable "a" {\n  default = 1\n}\nlocals {\n  a = 1\n}\n'),
    **{
        f"type {kind} with {default}": variable(f"type = {kind}\ndefault = {default}")
        for kind, defaults in {
            "string": ('"x"', "5", "true", '["x"]', "{}", "null"),
            "number": ("5", '"5"', '"x"', "true", "1e3", '""'),
            "bool": ("true", '"true"', '"1"', '"yes"', "1", "0", '""', '"True"'),
            "list(string)": ('["x"]', "[1]", "[]", '"x"', '{ a = "x" }', '["x", ["y"]]', "[null]", '["x", 1, true]'),
            "list(number)": ("[1]", '["1"]', '["x"]'),
            "list(bool)": ("[true]", '["true"]', '["x"]'),
            "set(string)": ('["x", "x"]', "[1]"),
            "map(string)": ('{ a = "x" }', "{ a = 1 }", '{ a = ["x"] }', "[]", "{}", '{ "a b" = "x" }'),
            "map(number)": ('{ a = "1" }', '{ a = "x" }'),
            "list(list(string))": ('[["x"]]', '["x"]'),
            "map(list(string))": ('{ a = ["x"] }', '{ a = "x" }'),
            "tuple([string, number])": ('["x", 1]', '["x"]', '["x", "1"]', '["x", "y"]', '["x", 1, 2]'),
            "object({ a = string })": ('{ a = "x" }', "{}", '{ a = "x", b = 1 }', "{ a = 1 }", '{ a = ["x"] }'),
            "object({ a = object({ b = number }) })": ("{ a = { b = 1 } }", "{ a = {} }"),
        }.items()
        for default in defaults
    },
    **{
        f"bad type {kind}": variable(f"type = {kind}")
        for kind in ("list", "map", '"string"', '"list(string)"', "text", "list()", "list(string, string)", "tuple(string)", "object(string)", "object({})", "set", "number()", "null", '"x"', "var.b", "5", "list(text)", "[string]")
    },
    **{
        f"default {default}": variable(f"default = {default}")
        for default in ('env("HOME")', '"${env("HOME")}/x"', 'env("NOT_SET_AT_ALL")', "var.b", "local.b", 'upper("x")', "timestamp()", "1 + 1", "true ? 1 : 2", '"${1}"', "[for x in [1] : x]", 'env("A", "B")', "env()", "1 / 0", "-1", '"%{ if true }x%{ endif }"', "path.root", "x", '["a"][1]', "[]", "{}", 'env(upper("home"))', '[1, "a"]')
    },
    "description not a literal": variable('default = "x"\ndescription = upper("d")'),
    "description a number": variable('default = "x"\ndescription = 5'),
    "description null": variable('default = "x"\ndescription = null'),
    "description with an interpolation": variable('default = "x"\ndescription = "a ${1}"'),
    **{f"sensitive {value}": variable(f'default = "x"\nsensitive = {value}') for value in ("true", "false", '"true"', "1", "null", "var.b", '"x"')},
    # validation
    **{
        f"validation {condition} {message}": variable(f'default = "abc"\nvalidation {{\n  condition = {condition}\n  error_message = {message}\n}}')
        for condition, message in (
            ("length(var.a) == 3", '"It must have three letters."'),
            ("length(var.a) == 4", '"It must have four letters."'),
            ("true", '"No reference."'),
            ("length(var.b) == 3", '"Another."'),
            ("length(var.a) == 3", '"no capital."'),
            ("length(var.a) == 3", '"No full stop"'),
            ("length(var.a) == 3", '"A question?"'),
            ("length(var.a) == 3", '"A call!"'),
            ("length(var.a) == 3", '""'),
            ("length(var.a) == 3", '"Äpfel sind rund."'),
            ("length(var.a) == 3", '"äpfel sind rund."'),
            ("length(var.a) == 3", '"5 is a number."'),
            ("length(var.a) == 3", '"Value ${var.a} is bad."'),
            ("length(var.a) == 3", "5"),
            ("length(var.a) == 3", "null"),
            ("var.a", '"Not a bool."'),
            ("length(var.a)", '"A number."'),
            ('var.a == "abc" ? "true" : "false"', '"Text that is a bool."'),
            ("null == var.a ? null : null", '"Null."'),
            ("length(local.a) == 3", '"A local."'),
            ("nope(var.a)", '"No such function."'),
            ("element([], length(var.a)) == 1", '"It fails."'),
            ("can(parseint(var.a, 16))", '"It is hexadecimal."'),
        )
    },
    "validation without a condition": variable('default = "x"\nvalidation {\n  error_message = "A full sentence."\n}'),
    "validation without a message": variable('default = "x"\nvalidation {\n  condition = var.a == "x"\n}'),
    "validation with more": variable('default = "x"\nvalidation {\n  condition = var.a == "x"\n  error_message = "A sentence."\n  bogus = 1\n}'),
    "two validations": variable('default = "x"\nvalidation {\n  condition = var.a == "x"\n  error_message = "One."\n}\nvalidation {\n  condition = var.a != "x"\n  error_message = "Two."\n}'),
    "validation with a label": variable('default = "x"\nvalidation "v" {\n  condition = var.a == "x"\n  error_message = "One."\n}'),
    # locals
    "locals": whole("locals {\n  a = 1\n  b = local.a\n}\n"),
    "locals in a circle": whole("locals {\n  a = local.b\n  b = local.a\n}\n"),
    "local of itself": whole("locals {\n  a = local.a\n}\n"),
    "local twice": whole("locals {\n  a = 1\n}\nlocals {\n  a = 2\n}\n"),
    "locals with a block": whole("locals {\n  a {\n  }\n}\n"),
    "locals with a label": whole('locals "x" {\n}\n'),
    "local of nothing": whole("locals {\n  a = local.nope\n}\n"),
    "local of no variable": whole("locals {\n  a = var.nope\n}\n"),
    "local with a fault": whole('locals {\n  a = upper("x", "y")\n}\n'),
    "local with an unknown function": whole('locals {\n  a = nope("x")\n}\n'),
    "local that uses source": whole("locals {\n  a = source.name\n}\n"),
    "local that uses build": whole("locals {\n  a = build.ID\n}\n"),
    "local that uses path": whole('locals {\n  a = "${path.root}${path.cwd}"\n}\n'),
    "local that uses packer": whole("locals {\n  a = packer.version\n}\n"),
    "local that uses each": whole("locals {\n  a = each.key\n}\n"),
    "local that uses a lone name": whole("locals {\n  a = b\n}\n"),
    "unused local with a fault": whole("locals {\n  a = 1 + {}\n}\n"),
    # sources
    "source twice": N + whole(),
    "source of an unknown type": 'source "nope" "n" {\n}\n' + build(sources='["source.nope.n"]'),
    "unused source of an unknown type": 'source "nope" "x" {\n}\n' + whole(),
    "unused source with a bad option": 'source "null" "x" {\n  bogus = 1\n}\n' + whole(),
    "source with an unknown option": source("  bogus = 1"),
    "source with an unknown block": source("  bogus {\n  }"),
    "source with a block for an argument": source("  ssh_host {\n  }"),
    "source with a bad name": 'source "null" "1n" {\n  communicator = "none"\n}\n' + build(sources='["source.null.1n"]'),
    "source with a dash": 'source "null" "a-n" {\n  communicator = "none"\n}\n' + build(sources='["source.null.a-n"]'),
    **{
        f"reference {sources}": N + M + build(sources=sources)
        for sources in (
            '["null.n"]', '["sources.null.n"]', '["source.null.n", "source.null.m"]', '["source.null.n", "source.null.n"]',
            '["x.null.n"]', '["null"]', '["n"]', '[""]', '["source.null.nope"]', '["source.file.n"]', '["a.b.null.n"]',
            '["source.null.n.x"]', "[]", '"source.null.n"', "null", "[null]", "[5]", "[source.null.n]", "5",
            '["source.null.${"n"}"]', '[for x in ["n", "m"] : "source.null.${x}"]', '["source.null.*"]', '["source.null.n",]', 'concat(["source.null.n"], [])',
        )
    },
    **{
        f"option ssh_port {value}": source(f"  ssh_port = {value}")
        for value in ("22", '"22"', '"x"', "1.5", "true", "null", "[22]", "{}", "-1", '""', "22.0", '"0x16"', '" 22"')
    },
    **{
        f"option ssh_pty {value}": source(f"  ssh_pty = {value}")
        for value in ("true", '"true"', '"1"', "1", '"yes"', '""', "null", "[true]", '"False"')
    },
    **{
        f"option ssh_timeout {value}": source(f"  ssh_timeout = {value}")
        for value in ('"5m"', '"5"', "5", '""', "null", '"1h30m"', "true", '["5m"]', '"x"')
    },
    **{
        f"option ssh_host {value}": source(f"  ssh_host = {value}")
        for value in ('"h"', "5", "true", "null", '["h"]', '{ a = "b" }', "var.nope", "local.nope", '"{{user `x`}}"', '"{{nope}}"', '"{{ .X }}"', '"{{build_name}}"', '"{{isotime}}"', '"{{env `HOME`}}"', '"{{build `ID`}}"', "build.ID", "source.nope", "path.root", "1 / 0", '"${[]}"', "h")
    },
    # builds
    "build name": N + 'build {\n  name = "b"\n  sources = ["source.null.n"]\n}\n',
    "build name from a variable": whole('variable "v" {\n  default = "x"\n}\n').replace("build {", "build {\n  name = var.v"),
    "build name a number": N + 'build {\n  name = 5\n  sources = ["source.null.n"]\n}\n',
    "build description": N + 'build {\n  description = "d"\n  sources = ["source.null.n"]\n}\n',
    "build unknown argument": N + 'build {\n  bogus = 5\n  sources = ["source.null.n"]\n}\n',
    "build unknown block": whole(body="  bogus {\n  }\n"),
    "build misspelt provisioner": whole(body='  provisionner "shell-local" {\n  }\n'),
    "two builds": whole() + build(),
    "two builds of one name": N + 'build {\n  name = "b"\n  sources = ["source.null.n"]\n}\n' * 2,
    "build without sources": N + "build {\n}\n",
    "no build": N,
    "build-level source": N + 'build {\n  source "source.null.n" {\n    name = "x"\n  }\n}\n',
    "build-level source without name": N + 'build {\n  source "null.n" {\n  }\n}\n',
    "build-level source with an option": N + 'build {\n  source "source.null.n" {\n    ssh_host = "h"\n  }\n}\n',
    "build-level source that repeats an option": N + 'build {\n  source "source.null.n" {\n    communicator = "none"\n  }\n}\n',
    "build-level source with an unknown option": N + 'build {\n  source "source.null.n" {\n    bogus = 1\n  }\n}\n',
    "build-level source of nothing": N + 'build {\n  source "source.null.x" {\n  }\n}\n',
    "build-level source twice": N + 'build {\n  source "source.null.n" {\n    name = "x"\n  }\n  source "source.null.n" {\n    name = "y"\n  }\n}\n',
    "build-level source and sources": whole(body='  source "source.null.n" {\n    name = "x"\n  }\n'),
    "build-level source with two labels": N + 'build {\n  source "null" "n" {\n  }\n}\n',
    "build-level source without label": N + "build {\n  source {\n  }\n}\n",
    # steps
    "provisioner": whole(body=LOCAL),
    "provisioner without type": whole(body="  provisioner {\n  }\n"),
    "provisioner with two labels": whole(body='  provisioner "shell-local" "x" {\n    inline = ["true"]\n  }\n'),
    "provisioner with an unquoted label": whole(body='  provisioner shell-local {\n    inline = ["true"]\n  }\n'),
    "unknown provisioner": whole(body='  provisioner "nope" {\n  }\n'),
    "provisioner with an unknown option": local("bogus = 1"),
    "provisioner with an unknown block": local("bogus {\n}"),
    "provisioner with a wrong type": whole(body='  provisioner "shell-local" {\n    inline = "true"\n  }\n'),
    "provisioner with a map for a list": whole(body='  provisioner "shell-local" {\n    inline = { a = "true" }\n  }\n'),
    "provisioner with numbers for strings": whole(body='  provisioner "shell-local" {\n    inline = [1, true]\n  }\n'),
    "provisioner with a null in a list": whole(body='  provisioner "shell-local" {\n    inline = ["true", null]\n  }\n'),
    "provisioner without a script": whole(body='  provisioner "shell-local" {\n  }\n'),
    "provisioner with two scripts": local('script = "script.sh"'),
    "provisioner that uses build": whole(body='  provisioner "shell-local" {\n    inline = [build.ID, "${build.Host}", build.name]\n  }\n'),
    "provisioner that uses source": whole(body='  provisioner "shell-local" {\n    inline = [source.name, source.type]\n  }\n'),
    "provisioner that uses a bad build name": whole(body='  provisioner "shell-local" {\n    inline = [build.nope]\n  }\n'),
    "provisioner that uses a Go template": whole(body='  provisioner "shell-local" {\n    inline = ["{{build `ID`}}"]\n  }\n'),
    "provisioner with a Go template field": whole(body='  provisioner "shell-local" {\n    inline = ["{{.Vars}}"]\n  }\n'),
    "provisioner with a bad Go template": whole(body='  provisioner "shell-local" {\n    inline = ["{{"]\n  }\n'),
    **{f"meta {meta}": local(meta) for meta in (
        'name = "x"', "name = 5", "name = null", 'only = ["null.n"]', 'only = ["null.nope"]', 'only = "null.n"', "only = []", "only = [5]", "only = null",
        'except = ["null.n"]', 'except = ["nope"]', 'only = ["null.n"]\n    except = ["null.n"]', 'only = []\n    except = ["null.n"]',
        'pause_before = "5s"', 'pause_before = "5"', "pause_before = 5", 'pause_before = ""', "pause_before = null", 'pause_before = "x"', 'pause_before = "-5s"',
        'timeout = "5m"', 'timeout = "5"', "timeout = 5", 'timeout = ""', "timeout = null",
        "max_retries = 3", 'max_retries = "3"', "max_retries = -1", "max_retries = 1.5", 'max_retries = "x"', "max_retries = null", "max_retries = 20000", 'max_retries = ""', "max_retries = true",
        'override = { n = { inline = ["false"] } }', "override = {}", "override = null", "override = []", 'override = "x"', 'override = { nope = { inline = ["false"] } }', 'override = { n = "x" }', "override = { n = { bogus = 1 } }", "override = { n = null }",
        "override {\n    n = 1\n  }", 'override = { null = { inline = ["false"] } }', "keep_input_artifact = true", 'type = "x"',
    )},
    "only hides a bad option": local('only = ["null.x"]\n    bogus = 1'),
    "only hides an unknown type": whole(body='  provisioner "nope" {\n    only = ["null.x"]\n  }\n'),
    "error cleanup": local("", "error-cleanup-provisioner"),
    "error cleanup twice": whole(body='  error-cleanup-provisioner "shell-local" {\n    inline = ["true"]\n  }\n' * 2),
    "error cleanup bad": local("bogus = 1", "error-cleanup-provisioner"),
    "post-processor": local("", "post-processor"),
    "post-processor bad": local("bogus = 1", "post-processor"),
    "post-processor unknown": whole(body='  post-processor "nope" {\n  }\n'),
    **{f"post-processor {meta}": local(meta, "post-processor") for meta in ('name = "x"', "keep_input_artifact = true", 'keep_input_artifact = "true"', "keep_input_artifact = 1", 'keep_input_artifact = "x"', "keep_input_artifact = null", 'only = ["null.n"]', 'except = ["nope"]', 'only = ["a"]\n    except = ["b"]', 'pause_before = "5s"', "max_retries = 1", "override = {}")},
    "post-processors": whole(body='  post-processors {\n    post-processor "manifest" {\n    }\n    post-processor "manifest" {\n      output = "x"\n    }\n  }\n'),
    "post-processors empty": whole(body="  post-processors {\n  }\n"),
    "post-processors with a label": whole(body='  post-processors "x" {\n  }\n'),
    "post-processors with an argument": whole(body="  post-processors {\n    a = 1\n  }\n"),
    "post-processors with a provisioner": whole(body='  post-processors {\n    provisioner "shell-local" {\n      inline = ["true"]\n    }\n  }\n'),
    "post-processors in post-processors": whole(body="  post-processors {\n    post-processors {\n    }\n  }\n"),
    # dynamic blocks
    **{
        f"dynamic {body}": cloud(f'  dynamic "image_disk_mappings" {{\n{body}\n  }}')
        for body in (
            "    for_each = [20, 30]\n    content {\n      disk_size = image_disk_mappings.value\n    }",
            "    for_each = { a = 20 }\n    content {\n      disk_name = image_disk_mappings.key\n    }",
            "    for_each = [20]\n    iterator = it\n    content {\n      disk_size = it.value\n    }",
            '    for_each = [20]\n    iterator = "it"\n    content {\n      disk_size = it.value\n    }',
            "    for_each = []\n    content {\n      disk_size = 1\n    }",
            "    for_each = 5\n    content {\n      disk_size = 1\n    }",
            '    for_each = "abc"\n    content {\n      disk_size = 1\n    }',
            "    for_each = null\n    content {\n      disk_size = 1\n    }",
            "    for_each = [1]\n    content {\n      bogus = 1\n    }",
            "    for_each = [1]\n    content {\n      disk_size = nope.value\n    }",
            "    for_each = [1]",
            "    content {\n    }",
            "    for_each = [1]\n    content {\n    }\n    content {\n    }",
            "    for_each = [1]\n    bogus = 1\n    content {\n    }",
            '    for_each = [1]\n    labels = ["x"]\n    content {\n    }',
        )
    },
    "dynamic of an unknown block": cloud('  dynamic "bogus" {\n    for_each = [1]\n    content {\n    }\n  }'),
    "dynamic of no block of an unknown kind": cloud('  dynamic "bogus" {\n    for_each = []\n    content {\n    }\n  }'),
    "dynamic without a label": cloud("  dynamic {\n    for_each = [1]\n    content {\n    }\n  }"),
    "dynamic for an argument": cloud('  dynamic "image_name" {\n    for_each = [1]\n    content {\n    }\n  }'),
    # options of a cloud
    **{
        f"cloud {body}": cloud("  " + body)
        for body in (
            "", 'tags = { a = "b" }', "tags = { a = 1 }", 'tags {\n  a = "b"\n}', 'tags = ["a"]', "tags = {}", 'tags = "a"', "tags = null", 'tags = { a = ["b"] }',
            'image_copy_regions = ["cn-hangzhou"]', 'image_copy_regions = "cn-hangzhou"', "image_copy_regions = []", "image_copy_regions = [5]", 'image_copy_regions = { a = "b" }',
            "system_disk_mapping {\n  disk_size = 50\n}", 'system_disk_mapping {\n  disk_size = "50"\n}', "system_disk_mapping {\n  bogus = 50\n}", "system_disk_mapping = {\n  disk_size = 50\n}", "system_disk_mapping {\n}\nsystem_disk_mapping {\n}", 'system_disk_mapping "x" {\n}', "system_disk_mapping {\n  disk_size = 50\n  more {\n  }\n}",
            "image_disk_mappings {\n  disk_size = 50\n}\nimage_disk_mappings {\n  disk_size = 60\n}", "image_disk_mappings = [{ disk_size = 50 }]", "image_disk_mappings {\n  disk_size = null\n}",
            "internet_max_bandwidth_out = 5", 'internet_max_bandwidth_out = "5"', "internet_max_bandwidth_out = true", 'image_force_delete = "true"', "image_force_delete = 1",
            "bogus = 1", "bogus {\n}", 'image_nam = "x"', 'run_tags = { a = "b" }', "disk_size = 5",
        )
    },
}  # fmt: skip

VARIABLE = 'variable "a" {\n  type = %s\n}\n'
OUTSIDE: dict[str, tuple[str, dict[str, str], dict[str, Any]]] = {
    **{
        f"-var of {kind}: {value!r}": (VARIABLE % kind, {}, {"variables": [("a", value)]})
        for kind, values in {
            "string": ("x", "", "5", '"x"', "${x}", "[1]"),
            "number": ("5", "x", "", "1e3", '"5"', "0x10", " 5", "1/2"),
            "bool": ("true", "1", "0", '"true"', "yes", "", "TRUE", "null", "1 == 1"),
            "list(string)": ('["x"]', "x", "[]", "", "[1, 2]", '["x", "y",]', "[x]", '"x"', 'split(",", "a")', "null", '["${upper("x")}"]'),
            "map(string)": ('{a = "x"}', '{"a": "x"}', "{}", "a=x", "[]", '{a = "x", b = "y"}', "{a = 1}"),
            "object({ b = number })": ("{b = 1}", "{}", '{b = "x"}', "{b = 1, c = 2}"),
            "tuple([string])": ('["x"]', "[]"),
            "set(number)": ("[1, 1]", '["x"]'),
        }.items()
        for value in values
    },
    "-var without a type": ('variable "a" {\n}\n', {}, {"variables": [("a", "[1")]}),
    "-var for a default of a list": ('variable "a" {\n  default = ["x"]\n}\n', {}, {"variables": [("a", '["y"]')]}),
    "-var for a default of a longer list": ('variable "a" {\n  default = ["x"]\n}\n', {}, {"variables": [("a", '["y", "z"]')]}),
    "-var for a default of a bool": ('variable "a" {\n  default = true\n}\n', {}, {"variables": [("a", "false")]}),
    "-var for a default of a bool, text": ('variable "a" {\n  default = true\n}\n', {}, {"variables": [("a", "x")]}),
    "-var for a default of a number": ('variable "a" {\n  default = 5\n}\n', {}, {"variables": [("a", "x")]}),
    "-var for an empty list": ('variable "a" {\n  default = []\n}\n', {}, {"variables": [("a", "x")]}),
    "-var for nothing": ("", {}, {"variables": [("a", "x")]}),
    "-var twice": (VARIABLE % "number", {}, {"variables": [("a", "x"), ("a", "5")]}),
    "-var over a bad default": ('variable "a" {\n  type = number\n  default = "x"\n}\n', {}, {"variables": [("a", "5")]}),
    "-var that does not hold": ('variable "a" {\n  validation {\n    condition = length(var.a) > 2\n    error_message = "Too short."\n  }\n}\n', {}, {"variables": [("a", "x")]}),
    "bad default that -var hides from validation": ('variable "a" {\n  default = "x"\n  validation {\n    condition = length(var.a) > 2\n    error_message = "Too short."\n  }\n}\n', {}, {"variables": [("a", "long")]}),
    "environment": (VARIABLE % "string", {}, {"environ": {"PKR_VAR_a": "x"}}),
    "environment of a list": (VARIABLE % "list(string)", {}, {"environ": {"PKR_VAR_a": '["x"]'}}),
    "environment of a bad list": (VARIABLE % "list(string)", {}, {"environ": {"PKR_VAR_a": "x"}}),
    "environment of a bad number": (VARIABLE % "number", {}, {"environ": {"PKR_VAR_a": "x"}}),
    "environment for nothing": ("", {}, {"environ": {"PKR_VAR_nope": "x"}}),
    "environment empty": (VARIABLE % "string", {}, {"environ": {"PKR_VAR_a": ""}}),
    "bad environment that -var hides": (VARIABLE % "number", {}, {"environ": {"PKR_VAR_a": "x"}, "variables": [("a", "5")]}),
    **{
        f"file {name} of {kind}: {text!r}": (VARIABLE % kind, {name: text}, {"variable_files": [name]})
        for name, kind, text in (
            ("v.pkrvars.hcl", "string", 'a = "x"\n'), ("v.hcl", "string", 'a = "x"\n'), ("v.txt", "string", 'a = "x"\n'), ("v", "string", 'a = "x"\n'), ("v.tfvars", "string", 'a = "x"\n'),
            ("v.pkrvars.hcl", "string", 'a = "x"'), ("v.pkrvars.hcl", "string", ""), ("v.pkrvars.hcl", "string", "a = 5\n"), ("v.pkrvars.hcl", "string", 'a = ["x"]\n'), ("v.pkrvars.hcl", "number", 'a = "5"\n'), ("v.pkrvars.hcl", "number", 'a = "x"\n'),
            ("v.pkrvars.hcl", "list(string)", 'a = ["x"]\n'), ("v.pkrvars.hcl", "list(string)", 'a = "x"\n'), ("v.pkrvars.hcl", "string", 'a = upper("x")\n'), ("v.pkrvars.hcl", "string", "a = var.b\n"), ("v.pkrvars.hcl", "string", 'a = env("HOME")\n'),
            ("v.pkrvars.hcl", "string", 'a = "x"\nb = "y"\n'), ("v.pkrvars.hcl", "string", 'variable "a" {\n  default = "x"\n}\n'), ("v.pkrvars.hcl", "string", 'a = "x"\nbogus {\n}\n'), ("v.pkrvars.hcl", "string", 'a = "x"\na = "y"\n'), ("v.pkrvars.hcl", "string", 'a = "${1 + 1}"\n'), ("v.pkrvars.hcl", "string", "a = null\n"), ("v.pkrvars.hcl", "string", "a =\n"), ("v.pkrvars.hcl", "string", '# c\na = "x"\n'),
            ("v.pkrvars.hcl", "map(string)", 'a = {\n  b = "x"\n}\n'), ("v.pkrvars.hcl", "bool", "a = 1\n"), ("v.pkrvars.hcl", "object({ b = number })", 'a = { b = "1" }\n'),
            ("v.pkrvars.json", "string", '{"a": "x"}'), ("v.json", "string", '{"a": "x"}'), ("v.json", "string", '{"a": 5}'), ("v.json", "list(string)", '{"a": ["x"]}'), ("v.json", "map(string)", '{"a": {"b": "x"}}'), ("v.json", "string", '{"a": null}'), ("v.json", "string", '{"a": "${1}"}'), ("v.json", "string", '{"a": "${upper(\\"x\\")}"}'), ("v.json", "string", "[]"), ("v.json", "string", ""), ("v.json", "string", '{"a": "x",}'), ("v.json", "string", '{"a": "x", "a": "y"}'), ("v.json", "string", '{"//": "c", "a": "x"}'), ("v.json", "string", '{"_c": "c", "a": "x"}'), ("v.json", "bool", '{"a": "true"}'), ("v.json", "string", '[{"a": "x"}]'),
        )
    },
    "file that is missing": (VARIABLE % "string", {}, {"variable_files": ["v.pkrvars.hcl"]}),
    "auto file beside one template": (VARIABLE % "string", {"v.auto.pkrvars.hcl": 'a = "x"\n'}, {}),
}  # fmt: skip

ONE = {"communicator": "none"}
FOLDERS: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "two files": ({"f/a.pkr.hcl": N, "f/b.pkr.hcl": build()}, {}),
    "with a slash": ({"f/a.pkr.hcl": whole()}, {"path": "f/"}),
    "the current folder": ({"a.pkr.hcl": whole()}, {"path": "."}),
    "empty": ({"f/readme.txt": ""}, {}),
    "only HCL without pkr": ({"f/a.hcl": whole()}, {}),
    "JSON beside HCL": ({"f/a.pkr.hcl": N, "f/b.pkr.json": '{"build": {"sources": ["source.null.n"]}}'}, {}),
    "other files": ({"f/a.pkr.hcl": whole(), "f/b.hcl": "bogus {}", "f/c.json": "x", "f/d.txt": ""}, {}),
    "sub-folders": ({"f/a.pkr.hcl": whole(), "f/g/b.pkr.hcl": "bogus {}"}, {}),
    "a bad file": ({"f/a.pkr.hcl": whole(), "f/b.pkr.hcl": "bogus {"}, {}),
    "the same source twice": ({"f/a.pkr.hcl": whole(), "f/b.pkr.hcl": N}, {}),
    "the same variable twice": ({"f/a.pkr.hcl": variable("default = 1"), "f/b.pkr.hcl": 'variable "a" {\n  default = 1\n}\n'}, {}),
    "auto file": ({"f/a.pkr.hcl": variable(""), "f/v.auto.pkrvars.hcl": 'a = "x"\n'}, {}),
    "auto file of JSON": ({"f/a.pkr.hcl": variable(""), "f/v.auto.pkrvars.json": '{"a": "x"}'}, {}),
    "auto file with an unknown name": ({"f/a.pkr.hcl": whole(), "f/v.auto.pkrvars.hcl": 'a = "x"\n'}, {}),
    "var file that is not automatic": ({"f/a.pkr.hcl": variable(""), "f/v.pkrvars.hcl": 'a = "x"\n'}, {}),
    "bad auto file": ({"f/a.pkr.hcl": whole(), "f/v.auto.pkrvars.hcl": "a = \n"}, {}),
    "auto file over the environment": ({"f/a.pkr.hcl": variable("type = number"), "f/v.auto.pkrvars.hcl": "a = 5\n"}, {"environ": {"PKR_VAR_a": "x"}}),
    "hidden file": ({"f/a.pkr.hcl": whole(), "f/.b.pkr.hcl": "bogus {"}, {}),
    "upper case name": ({"f/a.PKR.HCL": whole()}, {}),
}  # fmt: skip

JSON: dict[str, str] = {
    "least": '{"source": {"null": {"n": {"communicator": "none"}}}, "build": {"sources": ["source.null.n"]}}',
    "lists": '{"source": [{"null": [{"n": [{"communicator": "none"}]}]}], "build": [{"sources": ["source.null.n"]}]}',
    "variable": '{"variable": {"a": {"default": "x", "type": "string"}}, "source": {"null": {"n": {"communicator": "none", "ssh_host": "${var.a}"}}}, "build": {"sources": ["source.null.n"]}}',
    "variable of a list": '{"variable": {"a": {"default": ["x"], "type": "list(string)"}}, "source": {"null": {"n": {"communicator": "none"}}}, "build": {"sources": ["source.null.n"]}}',
    "variable of a bad type": '{"variable": {"a": {"default": "x", "type": "text"}}, "source": {"null": {"n": {"communicator": "none"}}}, "build": {"sources": ["source.null.n"]}}',
    "unset variable": '{"variable": {"a": {}}, "source": {"null": {"n": {"communicator": "none"}}}, "build": {"sources": ["source.null.n"]}}',
    "comment": '{"//": "c", "source": {"null": {"n": {"communicator": "none", "//": "c"}}}, "build": {"//": "c", "sources": ["source.null.n"]}}',
    "underscore comment": '{"_comment": "c", "source": {"null": {"n": {"communicator": "none"}}}, "build": {"sources": ["source.null.n"]}}',
    "unknown block": '{"bogus": {}, "source": {"null": {"n": {"communicator": "none"}}}, "build": {"sources": ["source.null.n"]}}',
    "unknown option": '{"source": {"null": {"n": {"communicator": "none", "bogus": 1}}}, "build": {"sources": ["source.null.n"]}}',
    "provisioners": '{"source": {"null": {"n": {"communicator": "none"}}}, "build": {"sources": ["source.null.n"], "provisioner": [{"shell-local": {"inline": ["true"]}}, {"shell-local": {"inline": ["true"]}}]}}',
    "provisioner with a bad option": '{"source": {"null": {"n": {"communicator": "none"}}}, "build": {"sources": ["source.null.n"], "provisioner": {"shell-local": {"inline": ["true"], "bogus": 1}}}}',
    "locals": '{"locals": {"a": "${1 + 1}", "b": "${local.a}"}, "source": {"null": {"n": {"communicator": "none"}}}, "build": {"sources": ["source.null.n"]}}',
    "bad expression": '{"locals": {"a": "${1 +}"}, "source": {"null": {"n": {"communicator": "none"}}}, "build": {"sources": ["source.null.n"]}}',
    "comma": '{"source": {"null": {"n": {"communicator": "none"}}}, "build": {"sources": ["source.null.n"]},}',
    "duplicate": '{"source": {"null": {"n": {"communicator": "none"}}}, "build": {"sources": ["source.null.n"], "sources": []}}',
    "empty object": "{}",
    "empty": "",
    "a list": '[{"source": {"null": {"n": {"communicator": "none"}}}}, {"build": {"sources": ["source.null.n"]}}]',
    "a string": '"x"',
    "source without a name": '{"source": {"null": {"communicator": "none"}}, "build": {"sources": ["source.null.n"]}}',
    "build a string": '{"source": {"null": {"n": {"communicator": "none"}}}, "build": "x"}',
    "packer": '{"packer": {"required_version": ">= 1.5"}, "source": {"null": {"n": {"communicator": "none"}}}, "build": {"sources": ["source.null.n"]}}',
    "too new": '{"packer": {"required_version": "> 99"}, "source": {"null": {"n": {"communicator": "none"}}}, "build": {"sources": ["source.null.n"]}}',
    "post-processors": '{"source": {"null": {"n": {"communicator": "none"}}}, "build": {"sources": ["source.null.n"], "post-processors": [{"post-processor": [{"manifest": {}}, {"manifest": {}}]}]}}',
    "null builds": '{"source": {"null": {"n": {"communicator": "none"}}}, "build": null}',
    "numbers for strings": '{"source": {"null": {"n": {"communicator": "none", "ssh_host": 5, "ssh_port": "22"}}}, "build": {"sources": ["source.null.n"]}}',
}  # fmt: skip

SELECTIONS: dict[str, dict[str, Any]] = {
    "-only": {"only": ["null.good"]},
    "-only glob": {"only": ["*.good"]},
    "-only the broken": {"only": ["null.broken"]},
    "-only glob of all": {"only": ["*"]},
    "-only question": {"only": ["null.goo?"]},
    "-only class": {"only": ["null.[g]ood"]},
    "-only braces": {"only": ["null.{good"]},
    "-only the bare name": {"only": ["good"]},
    "-except": {"exclude": ["null.broken"]},
    "-except glob": {"exclude": ["*broken"]},
    "-except the good": {"exclude": ["null.good"]},
    "-except unknown": {"exclude": ["nope"]},
    "-only and -except": {"only": ["null.*"], "exclude": ["*broken"]},
    "-except all": {"exclude": ["*"]},
}


def cases() -> Iterator[Case]:
    for name, text in TEXTS.items():
        yield Case(f"hcl2: {name}", {"t.pkr.hcl": text}, "t.pkr.hcl")
    for name, (text, files, flags) in OUTSIDE.items():
        yield Case(f"hcl2: {name}", {"t.pkr.hcl": whole(text), **files}, "t.pkr.hcl", **flags)
    for name, (files, flags) in FOLDERS.items():
        yield Case(f"hcl2 folder: {name}", files, **{"path": "f", **flags})
    for name, text in JSON.items():
        yield Case(f"pkr.json: {name}", {"t.pkr.json": text}, "t.pkr.json")
    two = 'source "null" "good" {\n  communicator = "none"\n}\nsource "null" "broken" {\n  communicator = "none"\n  bogus = 1\n}\n'
    for name, flags in SELECTIONS.items():
        text = two + build(sources='["source.null.good", "source.null.broken"]')
        yield Case(f"hcl2: {name}", {"t.pkr.hcl": text}, "t.pkr.hcl", **flags)


CASES = list(cases())
