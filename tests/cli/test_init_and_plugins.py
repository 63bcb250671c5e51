"""``init`` and ``plugins``: nothing to install, and clear words for what is not built in."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from tests.cli.command_line import CommandLine

Packer = Callable[..., subprocess.CompletedProcess[str]]


def requiring(*sources: str, version: str = "~> 1.1") -> str:
    entries = "\n".join(
        f'    {source.rpartition("/")[2]} = {{\n      source = "{source}"\n      version = "{version}"\n    }}'
        for source in sources
    )
    return f"packer {{\n  required_plugins {{\n{entries}\n  }}\n}}\n"


ALICLOUD = requiring("github.com/hashicorp/alicloud")


def test_init_says_which_built_in_answers(imagesmith: CommandLine) -> None:
    done = imagesmith("init", imagesmith.write("t.pkr.hcl", ALICLOUD))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0].startswith(
        "alicloud (github.com/hashicorp/alicloud ~> 1.1) is built in: builder alicloud-ecs"
    )


def test_init_takes_a_folder_and_packers_flags(imagesmith: CommandLine) -> None:
    imagesmith.write("t.pkr.hcl", ALICLOUD)
    done = imagesmith("init", "-upgrade", "-force", ".")
    assert done.returncode == 0
    assert done.stderr.count("has no effect") == 2


def test_init_needs_no_values_for_variables(imagesmith: CommandLine) -> None:
    text = ALICLOUD + 'variable "unset" {}\nlocals {\n  bad = var.nosuch\n}\n'
    assert imagesmith("init", imagesmith.write("t.pkr.hcl", text)).returncode == 0


def test_init_names_every_plugin_that_is_not_built_in_and_its_place(imagesmith: CommandLine) -> None:
    text = requiring("github.com/hashicorp/alicloud", "github.com/hashicorp/amazon", "github.com/someone/gadget")
    done = imagesmith("init", imagesmith.write("t.pkr.hcl", text))
    assert done.returncode == 2
    for words in ("t.pkr.hcl:7:14", "github.com/hashicorp/amazon", "t.pkr.hcl:11:14", "github.com/someone/gadget"):
        assert words in done.stderr
    assert "hashicorp/alicloud)" not in done.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (requiring("github.com/hashicorp/alicloud", version="newest"), "is not a version constraint"),
        (requiring("alicloud"), "is not the source of a plugin"),
        ('packer {\n  required_plugins {\n    alicloud = "1.0"\n  }\n}\n', "needs a source and a version"),
        ('packer {\n  required_version = "> 99"\n}\n', "needs Packer > 99"),
        ("packer {\n", "never closed"),
    ],
)
def test_init_refuses_what_is_wrong_with_the_block(imagesmith: CommandLine, text: str, words: str) -> None:
    done = imagesmith("init", imagesmith.write("t.pkr.hcl", text))
    assert done.returncode == 2
    assert words in done.stderr
    assert "t.pkr.hcl:" in done.stderr


def test_init_is_for_hcl2_as_packers_is(imagesmith: CommandLine) -> None:
    done = imagesmith("init", imagesmith.write("t.json", {"builders": [{"type": "null"}]}))
    assert done.returncode == 2
    assert "need no init" in done.stderr


def test_a_script_that_calls_packer_init_sees_nothing(imagesmith: CommandLine, packer: Packer) -> None:
    imagesmith.write("t.pkr.hcl", ALICLOUD)
    done = packer("init", "t.pkr.hcl")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = packer("plugins", "install", "github.com/hashicorp/alicloud", "v1.1.0")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_plugins_lists_what_is_built_in(imagesmith: CommandLine) -> None:
    from imagesmith.plugin import BUILT_IN

    done = imagesmith("plugins", "installed")
    rows = {tuple(line.split()[:2]) for line in done.stdout.splitlines()}
    kinds = {"builders": "builder", "provisioners": "provisioner", "post_processors": "post-processor"}
    assert done.returncode == 0
    assert {(noun, name) for kind, noun in kinds.items() for name in BUILT_IN[kind]} <= rows  # type: ignore[index]
    records = imagesmith("plugins", "-machine-readable", "installed").stdout.splitlines()
    assert len(records) == len(rows)
    assert all(record.split(",")[2] == "plugin" for record in records)


def test_plugins_tells_what_a_template_requires(imagesmith: CommandLine) -> None:
    name = imagesmith.write("t.pkr.hcl", ALICLOUD)
    for word in ("plugins", "plugin"):
        assert "is built in: builder alicloud-ecs" in imagesmith(word, "required", name).stdout
    record = imagesmith("-machine-readable", "plugins", "required", name).stdout.strip().split(",")
    assert record[2:6] == ["required-plugin", "alicloud", "github.com/hashicorp/alicloud", "~> 1.1"]
    none = imagesmith("plugins", "required", imagesmith.write("u.pkr.hcl", "locals {}\n"))
    assert (none.returncode, none.stdout) == (0, "The template requires no plugins.\n")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("install", "github.com/hashicorp/alicloud"), 0, "Nothing is to be installed"),
        (("install", "github.com/hashicorp/amazon"), 2, "can't be installed"),
        (("install", "-path", "x", "github.com/hashicorp/alicloud"), 2, "binaries can't be used"),
        (("install", "github.com/hashicorp/alicloud", "new"), 2, "is not a version constraint"),
        (("remove", "github.com/hashicorp/alicloud"), 2, "can't be removed"),
        (("remove", "github.com/hashicorp/amazon"), 2, "is not installed"),
        (("instaled",), 2, 'did you mean "installed"?'),
        (("required",), 2, "takes one template"),
        ((), 1, "Usage: imagesmith plugins"),
    ],
)
def test_plugins_answers_clearly(imagesmith: CommandLine, words: tuple[str, ...], code: int, told: str) -> None:
    done = imagesmith("plugins", *words)
    assert done.returncode == code
    assert told.lower() in (done.stdout + done.stderr).lower()


@pytest.mark.parametrize("word", ["version", "-v", "--v", "-version", "--version"])
def test_packer_tells_its_version_in_every_spelling(packer: Packer, word: str) -> None:
    from imagesmith.version import PACKER_VERSION

    assert packer(word).stdout == f"Packer v{PACKER_VERSION}\n"
