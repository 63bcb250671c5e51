"""Completion scripts, used by the shells themselves."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from imagesmith.cli import program
from tests.cli.command_line import CommandLine
from tests.cli.terminal import Terminal

Complete = Callable[..., list[str]]

needs_zsh = pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
needs_fish = pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")


@pytest.fixture
def folder(imagesmith: CommandLine) -> Path:
    """A folder with templates and other files, and the three scripts."""
    (imagesmith.folder / "images").mkdir()
    for name in ("web.pkr.hcl", "old.json", "prod.pkrvars.hcl", "notes.txt", "two words.pkr.hcl"):
        (imagesmith.folder / name).touch()
    for shell in ("bash", "zsh", "fish"):
        done = imagesmith("completion", shell)
        assert (done.returncode, done.stderr) == (0, "")
        imagesmith.write(f"script.{shell}", done.stdout)
    return imagesmith.folder


@pytest.fixture
def bash(folder: Path) -> Complete:
    """What bash completes; ``=`` is a word of its own, as bash cuts the line."""

    def complete(*words: str) -> list[str]:
        code = (
            'source ./script.bash\nCOMP_WORDS=("$@")\nCOMP_CWORD=$(($# - 1))\n'
            'set -u\n_imagesmith\nprintf "%s\\n" ${COMPREPLY[@]+"${COMPREPLY[@]}"}'
        )
        command = ["bash", "--norc", "-c", code, "bash", "imagesmith", *words]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=30)
        assert done.stderr == ""
        return sorted(done.stdout.split("\n")[:-1]) if done.stdout.strip() else []

    return complete


@pytest.fixture
def fish(folder: Path) -> Complete:
    def complete(line: str) -> list[str]:
        code = "source script.fish; complete -C $argv[1]"
        command = ["fish", "--no-config", "-c", code, f"imagesmith {line}"]
        environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=True, timeout=30, env=environment
        )
        return [one.split("\t")[0] for one in done.stdout.splitlines()]

    return complete


def test_bash_completes_commands_flags_choices_and_templates(bash: Complete) -> None:
    assert bash("va") == ["validate"]
    assert set(bash("")) == {*program.COMMANDS, "help"}
    assert bash("build", "-on-e") == ["-on-error"]
    assert bash("build", "--on-e") == ["--on-error"]
    assert bash("build", "-on-error", "cl") == ["cleanup"]
    assert bash("build", "-on-error", "=", "ab") == ["abort"]
    assert "ask" in bash("build", "-on-error", "=")
    assert bash("build", "-force", "we") == ["web.pkr.hcl"]
    assert bash("validate", "") == ["images", "old.json", "two words.pkr.hcl", "web.pkr.hcl"]
    assert bash("build", "-var-file", "=", "") == ["images", "old.json", "prod.pkrvars.hcl"]
    assert bash("runs", "-state-dir", "") == ["images"]
    assert bash("build", "-only", "=", "") == []
    assert bash("completion", "") == ["bash", "fish", "zsh"]
    assert bash("help", "insp") == ["inspect"]


def test_the_completion_of_the_name_packer_is_its_own(packer: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = packer("completion", "bash")
    assert "complete -F _packer packer" in done.stdout


@needs_fish
def test_fish_completes_commands_flags_choices_and_templates(fish: Complete) -> None:
    assert fish("val") == ["validate"]
    assert fish("build -on-e") == ["-on-error"]
    assert fish("build --on-e") == ["--on-error"]
    assert fish("build -on-error cl") == ["cleanup"]
    assert fish("build -on-error=ab") == ["-on-error=abort"]
    assert fish("build we") == ["web.pkr.hcl"]
    assert "prod.pkrvars.hcl" in fish("build -var-file pr")
    assert sorted(fish("completion ")) == ["bash", "fish", "zsh"]


@needs_zsh
@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("val\t", "imagesmith validate "),
        ("build -on-e\t", "imagesmith build -on-error="),
        ("build -on-error cl\t", "imagesmith build -on-error cleanup "),
        ("build -on-error=ab\t", "imagesmith build -on-error=abort "),
        ("build -force we\t", r"imagesmith build -force web\.pkr\.hcl "),
        ("build -var-file pr\t", r"imagesmith build -var-file prod\.pkrvars\.hcl "),
        ("completion ba\t", "imagesmith completion bash "),
        ("plugins inst\t", "imagesmith plugins install"),
    ],
)
def test_zsh_completes(folder: Path, typed: str, shown: str) -> None:
    environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "PROMPT": "ready> "}
    with Terminal(["zsh", "-f", "-i"], cwd=folder, env=environment) as screen:
        screen.wait_for("ready> ")
        screen.enter("autoload -Uz compinit; compinit -u -D; source ./script.zsh; echo loa''ded\n")
        screen.wait_for("loaded\n")
        screen.enter(f"imagesmith {typed}")
        screen.wait_for(shown)
        assert "command not found" not in screen.text
        screen.enter("\x15exit\n")
        screen.wait()


def test_every_command_and_flag_is_in_every_script(folder: Path) -> None:
    for shell in ("bash", "zsh", "fish"):
        script = (folder / f"script.{shell}").read_text()
        for name in program.COMMANDS:
            assert name in script
            for flag in program.load(name).all_flags:
                assert flag.hidden or f"-{flag.name}" in script or f"-o {flag.name}" in script


def test_an_unknown_shell_is_refused(imagesmith: CommandLine) -> None:
    done = imagesmith("completion", "tcsh")
    assert done.returncode == 2
    assert "bash|zsh|fish" in done.stderr


def test_packers_flag_for_installing_completion_is_answered(imagesmith: CommandLine) -> None:
    done = imagesmith("-autocomplete-install")
    assert done.returncode == 2
    assert "imagesmith completion" in done.stderr
