"""``validate`` and ``inspect``."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tests.cli.command_line import CommandLine, script
from tests.cli.terminal import Terminal

HCL = """
variable "name" {
  default = "a \\"quoted\\" name"
}
variable "list" {
  default = ["a", "b"]
}
variable "token" {
  default   = "hush"
  sensitive = true
}
variable "unset" {
  type = string
}
locals {
  greeting = "hi ${var.name}"
}
source "memory-ecs" "web" {
  store = "cloud.json"
}
build {
  name    = "images"
  sources = ["source.memory-ecs.web"]
  provisioner "shell-local" {
    inline = ["true"]
  }
  post-processor "manifest" {}
}
"""


def test_a_valid_template_is_said_to_be_valid(imagesmith: CommandLine) -> None:
    done = imagesmith("validate", imagesmith.template(script("true")))
    assert (done.returncode, done.stdout, done.stderr) == (0, "The configuration is valid.\n", "")


def test_all_that_is_wrong_is_shown_at_once(imagesmith: CommandLine) -> None:
    template = imagesmith.template({"type": "shell-local", "inlin": ["true"]}, {"type": "shel"}, stor="x")
    done = imagesmith("validate", template)
    assert done.returncode == 2
    for text in ('unknown option "inlin"', 'there is no provisioner "shel"', 'unknown option "stor"'):
        assert done.stderr.count(text) == 1


def test_many_errors_stay_on_one_screen(imagesmith: CommandLine) -> None:
    template = imagesmith.template(*({"type": f"nosuch{number}"} for number in range(20)))
    done = imagesmith("validate", template)
    assert len(done.stderr.splitlines()) <= 50
    assert all(f'"nosuch{number}"' in done.stderr for number in range(20))


def test_syntax_only_checks_no_options_and_no_variables(imagesmith: CommandLine) -> None:
    template = imagesmith.write("t.json", {"variables": {"a": None}, "builders": [{"type": "memory-ecs", "nosuch": 1}]})
    done = imagesmith("validate", "-syntax-only", template)
    assert (done.returncode, done.stdout) == (0, "Syntax-only check passed. Everything looks okay.\n")
    assert imagesmith("validate", template).returncode == 2


def test_on_a_terminal_errors_are_coloured(imagesmith: CommandLine) -> None:
    template = imagesmith.template({"type": "shell-local", "inlin": ["true"]})
    for words, coloured in ((["validate"], True), (["build", "-color=false"], False)):
        with Terminal(
            imagesmith.arguments(*words, template), cwd=imagesmith.folder, env=imagesmith.environ()
        ) as screen:
            assert screen.wait() == 2
        assert ("\x1b[1;31mError:\x1b[0m" in screen.raw) is coloured
        assert 'unknown option "inlin"' in screen.text


def test_a_secret_beside_an_error_is_not_shown(imagesmith: CommandLine) -> None:
    template = imagesmith.write("t.json", '{"builders": [{"typ": "x", "secret_key": "hush-hush"}]}')
    done = imagesmith("validate", template)
    assert done.returncode == 2
    assert "hush-hush" not in done.stderr


def test_an_unset_variable_is_named(imagesmith: CommandLine) -> None:
    template = imagesmith.write("t.json", {"variables": {"zone": None}, "builders": [{"type": "null"}]})
    done = imagesmith("validate", template)
    assert done.returncode == 2
    assert '"zone"' in done.stderr
    assert "-var" in done.stderr


def test_inspect_shows_an_hcl2_template_in_packers_layout(imagesmith: CommandLine) -> None:
    done = imagesmith("inspect", imagesmith.write("t.pkr.hcl", HCL))
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:2] == ["Packer Inspect: HCL2 mode", ""]
    assert [line for line in lines if line.startswith(("var.", "local."))] == [
        r'var.list: "[\n  \"a\",\n  \"b\",\n]"',
        r'var.name: "a \"quoted\" name"',
        'var.token: "<sensitive>"',
        'var.unset: "<unknown>"',
        r'local.greeting: "hi a \"quoted\" name"',
    ]
    assert lines[lines.index("> builds:") :] == [
        "> builds:",
        "",
        "  > images:",
        "",
        "    sources:",
        "",
        "      memory-ecs.web",
        "",
        "    provisioners:",
        "",
        "      shell-local",
        "",
        "    post-processors:",
        "",
        "      0:",
        "        manifest",
        "",
    ]


JSON = {
    "description": "Two builds",
    "variables": {"a": "1", "b": None, "c": "x,y"},
    "builders": [
        {"type": "file", "name": "hello", "content": "x", "target": "out.txt"},
        {"type": "null", "communicator": "none"},
    ],
    "provisioners": [{"type": "shell-local", "inline": ["true"]}],
}


def test_inspect_tells_scripts_variables_builders_and_provisioners(imagesmith: CommandLine) -> None:
    done = imagesmith("inspect", "-machine-readable", imagesmith.write("t.json", JSON))
    assert _records(done.stdout) == [
        "template-variable,b,,1",
        "template-variable,a,1,0",
        "template-variable,c,x%!(PACKER_COMMA)y,0",
        "template-builder,hello,file",
        "template-builder,null,null",
        "template-provisioner,shell-local",
    ]


@pytest.mark.packer
@pytest.mark.skipif(not shutil.which("packer"), reason="needs Debian's packer")
def test_inspect_tells_scripts_what_packer_tells_them(imagesmith: CommandLine) -> None:
    template = imagesmith.write("t.json", JSON)
    environment = {**os.environ, "HOME": str(imagesmith.folder)}
    packer = subprocess.run(
        ["packer", "inspect", "-machine-readable", template],
        cwd=imagesmith.folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert _records(imagesmith("inspect", "-machine-readable", template).stdout) == _records(packer.stdout)


def _records(text: str) -> list[str]:
    """The records that are not text for people, without their times."""
    return [line.split(",", 2)[2] for line in text.splitlines() if line.split(",")[2] != "ui"]
