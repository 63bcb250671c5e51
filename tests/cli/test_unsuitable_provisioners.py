"""A provisioner that can't use the way into the machine is refused by ``validate`` and ``build``, at its own line."""

from __future__ import annotations

import json

import pytest

from tests.cli.command_line import CommandLine

WAYS = {
    "ssh": 'ssh_host = "127.0.0.1"\n  ssh_username = "root"\n  ssh_password = "x"',
    "winrm": 'winrm_host = "127.0.0.1"\n  winrm_username = "Administrator"\n  winrm_password = "x"',
    "none": "",
}
STEPS = {
    "shell": 'inline = ["true"]',
    "file": 'content = "x"\n    destination = "/x"',
    "powershell": 'inline = ["dir"]',
    "windows-shell": 'inline = ["dir"]',
    "windows-restart": "",
    "reboot": "",
    "shell-local": 'inline = ["true"]',
    "sleep": 'duration = "1ms"',
    "breakpoint": "disable = true",
}
UNSUITABLE = {
    "ssh": set[str](),
    "winrm": {"shell"},
    "none": {"shell", "file", "powershell", "windows-shell", "windows-restart", "reboot"},
}


def template(way: str, step: str, options: str) -> str:
    return (
        f'source "null" "a" {{\n  communicator = "{way}"\n  {WAYS[way]}\n}}\n'
        f'build {{\n  sources = ["null.a"]\n  provisioner "{step}" {{\n    {options}\n  }}\n}}\n'
    )


@pytest.mark.parametrize("way", WAYS)
def test_each_provisioner_takes_the_ways_that_it_can_use(imagesmith: CommandLine, way: str) -> None:
    refused = set()
    for step, options in STEPS.items():
        text = template(way, step, options)
        done = imagesmith("validate", imagesmith.write("t.pkr.hcl", text))
        assert done.returncode in (0, 2), done.stderr
        if done.returncode:
            refused.add(step)
            line = text[: text.index("provisioner")].count("\n") + 1
            assert f"t.pkr.hcl:{line}" in done.stderr
            assert f'the provisioner "{step}"' in done.stderr
    assert refused == UNSUITABLE[way]


def test_the_hint_names_what_to_use(imagesmith: CommandLine) -> None:
    done = imagesmith("validate", imagesmith.write("t.pkr.hcl", template("winrm", "shell", STEPS["shell"])))
    assert 'can\'t be used with communicator = "winrm"' in done.stderr
    assert "for Windows use powershell or windows-shell" in done.stderr
    done = imagesmith("validate", imagesmith.write("t.pkr.hcl", template("none", "shell", STEPS["shell"])))
    assert "needs a way into the machine, and there is none" in done.stderr
    assert "run it here with shell-local" in done.stderr


def test_nothing_is_built(imagesmith: CommandLine) -> None:
    text = template("none", "shell-local", 'inline = ["touch ran"]').replace(
        "\n  }\n}\n", '\n  }\n  error-cleanup-provisioner "shell" {\n    inline = ["true"]\n  }\n}\n'
    )
    done = imagesmith("build", imagesmith.write("t.pkr.hcl", text))
    assert done.returncode == 2
    assert 'the provisioner "shell" needs a way into the machine' in done.stderr
    assert not (imagesmith.folder / "ran").exists()


def test_of_two_builds_only_the_one_that_can_t_is_named(imagesmith: CommandLine) -> None:
    builders = [
        {"type": "null", "name": "one", "communicator": "none"},
        {"type": "null", "name": "two", "ssh_host": "127.0.0.1", "ssh_username": "root", "ssh_password": "x"},
    ]
    steps = [{"type": "shell", "inline": ["true"]}]
    done = imagesmith("validate", imagesmith.write("t.json", json.dumps({"builders": builders, "provisioners": steps})))
    assert done.returncode == 2
    assert done.stderr.count("needs a way into the machine") == 1
    steps[0] |= {"only": ["two"]}
    done = imagesmith("validate", imagesmith.write("t.json", json.dumps({"builders": builders, "provisioners": steps})))
    assert done.returncode == 0, done.stderr
