"""The program around the commands: version, help, unknown words, exit codes, and what is never shown."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.cli.command_line import CommandLine

Packer = Callable[..., "subprocess.CompletedProcess[str]"]


def test_the_version_is_asked_for_in_many_ways(imagesmith: CommandLine) -> None:
    ways = (["--version"], ["-v"], ["-version"], ["version"], ["build", "-version", "t.json"])
    for done in (imagesmith(*words) for words in ways):
        assert done.returncode == 0
        assert done.stdout == "imagesmith 0.1.0 (Packer 1.16 templates)\n", done.args


def test_called_as_packer_it_answers_as_packer(packer: Packer) -> None:
    assert packer("version").stdout == "Packer v1.16.0\n"
    records = packer("-machine-readable", "version").stdout.splitlines()
    assert [line.split(",", 1)[1] for line in records] == [
        ",version,1.16.0",
        ",version-prelease,",
        ",version-commit,",
        ",ui,say,Packer v1.16.0",
    ]


def test_no_command_is_help_on_stdout_and_a_usage_error(imagesmith: CommandLine, packer: Packer) -> None:
    done = imagesmith()
    assert (done.returncode, done.stderr) == (2, "")
    assert "Commands:" in done.stdout
    assert packer().returncode == 127


def test_help_of_a_command_names_its_flags(imagesmith: CommandLine) -> None:
    for words in (["build", "-h"], ["build", "--help"], ["-help", "build"], ["help", "build"]):
        done = imagesmith(*words)
        assert done.returncode == 0
        for flag in ("-var", "-only", "-on-error=cleanup|abort|ask", "-parallel-builds", "-timestamp-ui", "-simulate"):
            assert flag in done.stdout
        assert max(map(len, done.stdout.splitlines())) <= 100


WRONG = {
    'Did you mean "build"?': ["bild", "t.json"],
    "no file or folder is given": ["fmt"],
    "Write the command first": ["-force", "build"],
    "no template is given": ["build"],
    "one template is wanted, but there are 2: a.json b.json": ["build", "a.json", "b.json"],
    "-switch=false": ["build", "-force", "false", "a.json"],
    "nosuch.json": ["build", "nosuch.json"],
    "Did you mean -force?": ["build", "-frce", "a.json"],
    "Add --simulate": ["build", "-latency", "instance=8", "a.json"],
    "there is no flag -timeout": ["validate", "-timeout=1s", "a.json"],
    "name the cloud to simulate": ["simulate"],
    'Did you mean "alicloud"?': ["simulate", "alicloudy"],
    'not "fast"': ["simulate", "alicloud", "-rate-limit=fast"],
    "instanc": ["simulate", "alicloud", "-latency=instanc=8"],
    "takes no arguments": ["runs", "x"],
    "name runs or say --all": ["cleanup", "--all", "x"],
}


def test_wrong_usage_is_one_clear_error_on_stderr_and_exit_code_2(imagesmith: CommandLine) -> None:
    for text, words in WRONG.items():
        done = imagesmith(*words)
        assert (done.returncode, done.stdout) == (2, ""), done.args
        assert done.stderr.startswith("Error: ")
        assert text in done.stderr
        assert len(done.stderr.splitlines()) <= 3


def test_packer_shows_errors_on_stdout_and_knows_only_one_code(imagesmith: CommandLine, packer: Packer) -> None:
    done = packer("build", "nosuch.json")
    assert "Error: " in done.stdout
    assert done.stderr == ""
    assert imagesmith("build", "nosuch.json", "--packer-exit-codes").returncode == 1


def test_in_machine_readable_output_an_error_is_a_record(imagesmith: CommandLine) -> None:
    for words in (["build", "nosuch.json", "-machine-readable"], ["-machine-readable", "bild"]):
        done = imagesmith(*words)
        assert done.stderr == ""
        assert done.stdout.count("\n") == 1
        assert done.stdout.split(",")[2:4] == ["ui", "error"]


def test_a_defect_is_reported_without_a_traceback_and_without_secrets(imagesmith: CommandLine, state_dir: Path) -> None:
    template = imagesmith.write("web.json", {"builders": [{"type": "broken"}]})
    source = (
        "class Broken:\n    def __getattr__(self, name):\n        raise ZeroDivisionError(name)\nBroken = Broken()\n"
    )
    imagesmith.write("broken_builder.py", source)
    installed = imagesmith.folder / "broken_builder-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: broken_builder\nVersion: 1\n")
    (installed / "entry_points.txt").write_text("[imagesmith.builders]\nbroken = broken_builder:Broken\n")
    done = imagesmith("validate", "-var", "x=hush", "--var=y=hush", template, PYTHONPATH=str(imagesmith.folder))
    assert done.returncode == 1
    assert "this is a defect in imagesmith" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    (report,) = state_dir.glob("defects/*.txt")
    text = report.read_text()
    assert "ZeroDivisionError" in text
    assert "hush" not in text
    assert report.stat().st_mode & 0o077 == 0


def test_the_version_is_answered_without_importing_anything_heavy() -> None:
    program = (
        "import sys\n"
        "from imagesmith.cli import main\n"
        "code = main(['--version'])\n"
        "heavy = {'rich', 'paramiko', 'tenacity', 'asyncio', 'logging', 'importlib.metadata', 'dataclasses', 'ssl'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == "[]\n"


def test_validate_imports_no_terminal_library_and_no_ssh(imagesmith: CommandLine) -> None:
    template = imagesmith.template()
    program = (
        "import sys\n"
        "from imagesmith.cli import main\n"
        f"code = main(['validate', {template!r}])\n"
        "print(sorted({'rich', 'paramiko', 'tenacity', 'asyncio'} & set(sys.modules)), file=sys.stderr)\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=imagesmith.folder,
        env=imagesmith.environ(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "The configuration is valid.\n", "[]\n")


def test_a_reader_that_has_gone_is_no_error(imagesmith: CommandLine) -> None:
    process = imagesmith.start("build", "-help")
    assert process.stdout
    process.stdout.close()
    assert process.wait(timeout=60) in (0, 1)
