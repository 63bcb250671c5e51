"""What is wrong with a template: where, what, what to do; for people, for Packer's scripts and as JSON."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command_line import CommandLine

BUILD = 'source "null" "x" {\n  communicator = "none"\n}\nbuild {\n  sources = ["source.null.x"]\n%s}\n'


def records(imagesmith: CommandLine, *words: str, code: int = 2) -> list[dict[str, Any]]:
    done = imagesmith("validate", "-log-format=json", *words)
    assert (done.returncode, done.stderr) == (code, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


FAULTS = {
    "syntax": ('source "null" "x" {\n  communicator = "none\n}\n', [(2, 18)]),
    "brace": ('source "null" "x" {\n', [(1, 19)]),
    "type": ('variable "a" {\n  type = lst(string)\n}\n', [(2, 10)]),
    "names": ('locals {\n  a = uper("x")\n  b = var.n\n  c = 1 + "x"\n}\n', [(2, 7), (3, 10), (4, 7)]),
    "option": (BUILD % '  provisioner "shell-local" {\n    inlin = ["a"]\n  }\n', [(7, 5)]),
    "crlf": ("locals {\r\n\ta = nosuch()\r\n}\r\n", [(2, 6)]),
    "bom": ("\ufefflocals { a = nosuch() }\n", [(1, 14)]),
    "wide": ('locals { a = "日本e\u0301${nosuch()}" }\n', [(1, 20)]),
    "go": (BUILD % '  provisioner "shell-local" {\n    inline = ["a", "é\\t{{ nosuch }}"]\n  }\n', [(7, 27)]),
    "heredoc": (
        BUILD % '  provisioner "shell-local" {\n    inline = [<<-E\n      a\n        b {{ if }}\n    E\n    ]\n  }\n',
        [(9, 17)],
    ),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_faults_of_hcl2_have_their_exact_place_and_source_line(imagesmith: CommandLine, kind: str) -> None:
    text, places = FAULTS[kind]
    found = records(imagesmith, imagesmith.write("t.pkr.hcl", text))
    assert [(one["line"], one["column"]) for one in found] == places
    for one in found:
        line = text.removeprefix("\ufeff").split("\n")[one["line"] - 1].strip()
        assert one["snippet"]["text"] == line.replace("\t", " ")
        assert (one["file"], one["severity"]) == ("t.pkr.hcl", "error")
        assert one["summary"]


JSON_FAULTS = {
    "comma": ('{\n  "builders": [{"type": "null" "a": 1}]}', (2, 32), "comma"),
    "duplicate": ('{\n  "builders": [{"type": "null", "type": 1}]}', (2, 33), "given twice"),
    "quotes": ("{'builders': []}", (1, 2), "double quotes"),
    "key": ('{"builders": [{"type": "null"}],\n "provisioner": []}', (2, 2), "provisioners"),
    "value": ('{"builders": [{"type": "null",\n "ssh_port": "abc"}]}', (2, 2), "whole number"),
    "escapes": (
        '{"builders": [{"type": "null",\n "name": "\\u00e9\\ud83d\\ude00\\n{{ nosuch }}"}]}',
        (2, 34),
        "nosuch",
    ),
    "braces": ('{"builders": [{"type": "null"}],\n "variables": {"v": "{{env `x`}"}}', (2, 31), "}}"),
    "nested": (
        '{"builders": [{"type": "null"}],\n "variables": {"a": "b", "v": "echo \\"{{ uper `x` }}\\""}}',
        (2, 42),
        "upper",
    ),
}


@pytest.mark.parametrize("kind", JSON_FAULTS)
def test_faults_of_legacy_json_have_their_exact_place(imagesmith: CommandLine, kind: str) -> None:
    text, place, words = JSON_FAULTS[kind]
    first = records(imagesmith, imagesmith.write("t.json", text))[0]
    assert (first["line"], first["column"]) == place
    assert words in f"{first['summary']} {first['detail']} {first['hint']}"
    caret = first["snippet"]["caret"]
    assert first["snippet"]["text"][caret:] == text.split("\n")[place[0] - 1].strip()[caret:]


def test_several_mistakes_in_one_option_are_all_told(imagesmith: CommandLine) -> None:
    step = {"type": "shell-local", "inline": ["{{ nosuch }}", "{{ other }}", "{{ upper"]}
    template = imagesmith.write("t.json", {"builders": [{"type": "null"}], "provisioners": [step]})
    assert len([one for one in records(imagesmith, template) if '"inline"' in one["summary"]]) == 3


def test_a_template_from_standard_input_shows_its_line_too(imagesmith: CommandLine) -> None:
    done = imagesmith("validate", "-", stdin='{\n  "builders": [{"typ": "x"}]\n}')
    assert done.returncode == 2
    assert "on <stdin>:2:16" in done.stderr
    assert '2 | "builders": [{"typ": "x"}]' in done.stderr


def test_a_variable_file_that_cannot_be_read_is_the_only_error(imagesmith: CommandLine) -> None:
    template = imagesmith.write("t.pkr.hcl", 'variable "a" {\n  type = number\n}\n' + BUILD % "")
    values = imagesmith.write("v.pkrvars.hcl", 'a = "x\n')
    found = records(imagesmith, f"-var-file={values}", template)
    assert [(one["file"], one["line"], one["column"]) for one in found] == [("v.pkrvars.hcl", 1, 5)]


def test_wrong_values_name_their_origin_and_what_to_write(imagesmith: CommandLine) -> None:
    template = imagesmith.write("t.pkr.hcl", 'variable "a" {\n  type = number\n}\n' + BUILD % "")
    values = imagesmith.write("v.pkrvars.hcl", 'a = "x"\n')
    for words, environment, origin in (
        ([f"-var-file={values}"], {}, "v.pkrvars.hcl"),
        (["-var", "a=x"], {}, "-var"),
        ([], {"PKR_VAR_a": "x"}, "PKR_VAR_a"),
    ):
        imagesmith.environment = environment
        (one,) = records(imagesmith, *words, template)
        assert f"from {origin}" in one["summary"]
        assert "such as 20" in one["hint"]


def test_faults_of_a_folder_are_told_file_by_file(imagesmith: CommandLine) -> None:
    (imagesmith.folder / "all").mkdir()
    imagesmith.write("all/a.pkr.hcl", 'variable "a" {}\n')
    imagesmith.write("all/b.pkr.hcl", '\nvariable "a" {}\nlocals {\n  b = \n}\n')
    imagesmith.write("all/c.pkr.hcl", "locals {\n")
    found = records(imagesmith, "all")
    assert [(Path(one["file"]).name, one["line"]) for one in found] == [("b.pkr.hcl", 4), ("c.pkr.hcl", 1)]


def test_every_key_is_there_in_every_record_and_success_prints_none(imagesmith: CommandLine) -> None:
    keys = {"severity", "summary", "detail", "hint", "file", "line", "column", "end", "snippet"}
    (missing,) = records(imagesmith, "nosuch.json")
    assert set(missing) == keys
    assert missing["file"] is None
    (one,) = records(imagesmith, imagesmith.write("t.pkr.hcl", BUILD.replace("comm", "com") % ""))
    assert set(one) == keys
    assert one["end"] == {"line": 2, "column": 14}
    assert records(imagesmith, imagesmith.write("ok.pkr.hcl", BUILD % ""), code=0) == []


def test_warnings_are_records_too(imagesmith: CommandLine) -> None:
    template = imagesmith.write("t.pkr.hcl", BUILD % "")
    values = imagesmith.write("v.pkrvars.hcl", "nosuch = 1\n")
    (one,) = records(imagesmith, f"-var-file={values}", template, code=0)
    assert (one["severity"], one["file"], one["line"]) == ("warning", "v.pkrvars.hcl", 1)


def test_json_has_all_of_many_faults_and_people_get_one_screen(imagesmith: CommandLine) -> None:
    lines = "\n".join(f"  a{number} = nosuch{number}()" for number in range(200))
    template = imagesmith.write("t.pkr.hcl", f"locals {{\n{lines}\n}}\n")
    assert len(records(imagesmith, template)) == 200
    done = imagesmith("validate", template)
    assert len(done.stderr.splitlines()) <= 60
    assert "… and 176 more" in done.stderr


def test_packers_scripts_get_one_record_and_exit_code_1(imagesmith: CommandLine) -> None:
    template = imagesmith.write("t.pkr.hcl", BUILD % "  nosuch = 1\n")
    done = imagesmith("validate", "-machine-readable", "--packer-exit-codes", template)
    assert done.returncode == 1
    (record,) = done.stdout.splitlines()
    assert record.split(",")[1:4] == ["", "ui", "error"]
    assert "on t.pkr.hcl:6:3\\n" in record


SECRETS = {
    "t.pkr.hcl": BUILD.replace('"none"', '"none"\n  ssh_password = "hush-hush" + 1') % "",
    "u.pkr.hcl": 'variable "plain" {\n  type = number\n  default = "hush-hush"\n  sensitive = true\n}\n',
    "v.pkr.hcl": 'source "null" "x" {\n  ssh_password = "hush-hush\n}\n',
    "w.pkr.hcl": BUILD.replace('"none"', '"none"\n  ssh_password = "hush-hush {{ nosuch }}"') % "",
    "a.json": '{"builders": [{"type": "null", "ssh_password": "hush-hush", "bogus": 1, "a" 1}]}',
    "b.json": '{"variables": {"p": "hush-hush {{ x }}"}, "sensitive-variables": ["p"], "builders": [{"type": "null"}]}',
    "c.json": '{"builders": [{"type": "null", "ssh_password": ["hush-hush", {}], "bogus": 1}]}',
    "d.pkr.json": '{"variable": {"p": {"default": "hush-hush", "sensitive": true, "bogus": 1}}}',
}


@pytest.mark.parametrize("name", SECRETS)
def test_no_source_line_shows_a_secret(
    imagesmith: CommandLine, packer: Callable[..., subprocess.CompletedProcess[str]], name: str
) -> None:
    imagesmith.write(name, SECRETS[name])
    for words in ([], ["-log-format=json"], ["-machine-readable"]):
        done = imagesmith("validate", *words, name)
        assert done.returncode == 2
        assert "hush-hush" not in done.stdout + done.stderr
        assert "<sensitive>" in done.stdout + done.stderr


def test_the_value_of_a_sensitive_variable_in_a_file_is_not_shown(imagesmith: CommandLine) -> None:
    template = imagesmith.write(
        "t.pkr.hcl", 'variable "plain" {\n  type = number\n  sensitive = true\n}\n' + BUILD % ""
    )
    values = imagesmith.write("v.pkrvars.hcl", 'plain = "hush-hush"\n')
    (one,) = records(imagesmith, f"-var-file={values}", template)
    assert one["snippet"]["text"] == 'plain = "<sensitive>"'
    assert "hush-hush" not in json.dumps(one)
