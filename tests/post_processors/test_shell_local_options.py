"""Each option of both plugins called shell-local does something; the plugins share their table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imagesmith.errors import ImagesmithError, PostProcessError, ProvisionError
from imagesmith.interfaces import Artifact
from imagesmith.options import complete
from imagesmith.post_processors.shell_local import ShellLocal as PostShellLocal
from imagesmith.provisioners.shell_local import ShellLocal
from tests.effects import shows
from tests.provisioners.local_remote import Scene

Run = Callable[..., list[str]]


def _provision(scene: Scene, **given: Any) -> None:
    complete(ShellLocal(**given)).run(None, scene.provision)


def _post_process(scene: Scene, **given: Any) -> None:
    built = Artifact("b", "built", "", generated={"ID": "i-1"})
    done = complete(PostShellLocal(**given)).process(built, scene.post_process())
    assert (done.artifact, done.keep_input, done.keep_forced) == (built, True, True)


@pytest.fixture
def run(scene: Scene, folder: Path) -> Run:
    """Runs both; what they print must be the same."""
    (folder / "a.sh").write_text("#!/bin/sh\necho a $A\n")
    (folder / "b.sh").write_text("#!/bin/sh\necho b\n")
    for name in ("a.sh", "b.sh"):
        (folder / name).chmod(0o700)

    def both(**given: Any) -> list[str]:
        printed = []
        for one in (_provision, _post_process):
            scene.printed.clear()
            one(scene, **given)
            printed.append(scene.stdout)
        assert printed[0] == printed[1]
        return printed[0]

    return both


@shows(ShellLocal, "inline", "inline_shebang")
@shows(PostShellLocal, "inline", "inline_shebang")
def test_inline_lines_run_under_their_interpreter(run: Run) -> None:
    assert run(inline=["print('{{build `ID`}}')"], inline_shebang="/usr/bin/env python3") == ["i-1"]


@shows(ShellLocal, "command")
@shows(PostShellLocal, "command")
def test_a_command_is_a_line(run: Run) -> None:
    assert run(command="echo one") == ["one"]


@shows(ShellLocal, "script", "environment_vars")
@shows(PostShellLocal, "script", "environment_vars")
def test_a_script_gets_variables(run: Run) -> None:
    assert run(script="a.sh", environment_vars=["A=1"]) == ["a 1"]


@shows(ShellLocal, "scripts", "env")
@shows(PostShellLocal, "scripts", "env")
def test_scripts_run_in_order(run: Run) -> None:
    assert run(scripts=["b.sh", "a.sh"], env={"A": "2"}) == ["b", "a 2"]


@shows(ShellLocal, "env_var_format")
@shows(PostShellLocal, "env_var_format")
def test_variables_are_written_as_the_format_says(run: Run) -> None:
    assert run(script="a.sh", env={"Z": "3"}, env_var_format="A=$A,%s-%s ")[0].endswith(",Z-3")


@shows(ShellLocal, "execute_command")
@shows(PostShellLocal, "execute_command")
def test_the_command_may_be_another(run: Run) -> None:
    command = ["/bin/sh", "-c", "echo {{.ID}} {{.Command}}; {{.Vars}} {{.Script}}"]
    first, second = run(script="a.sh", env={"A": "4"}, execute_command=command)
    assert first.startswith("i-1 /")
    assert second == "a 4"


@shows(ShellLocal, "valid_exit_codes")
@shows(PostShellLocal, "valid_exit_codes")
def test_other_exit_codes_may_be_valid(run: Run) -> None:
    assert run(inline=["echo 5; exit 5"], valid_exit_codes=[5]) == ["5"]


@shows(ShellLocal, "only_on")
@shows(PostShellLocal, "only_on")
def test_on_other_systems_it_may_be_passed_by(run: Run, scene: Scene) -> None:
    assert run(inline=["echo here"], only_on=["windows", "darwin"]) == []
    assert "only on windows, darwin" in scene.said[0]


@shows(ShellLocal, "tempfile_extension")
@shows(PostShellLocal, "tempfile_extension")
def test_the_temporary_file_may_have_an_extension(run: Run) -> None:
    assert run(inline=["echo ${0##*.}"], tempfile_extension="bash") == ["bash"]


@pytest.mark.parametrize(("one", "error"), [(_provision, ProvisionError), (_post_process, PostProcessError)])
def test_an_exit_code_that_is_not_valid_is_an_error(
    scene: Scene, folder: Path, one: Callable[..., None], error: type[ImagesmithError]
) -> None:
    with pytest.raises(error, match="exit status 6") as caught:
        one(scene, inline=["exit 6"], valid_exit_codes=[0, 5])
    assert "0, 5" in caught.value.hint


def test_nothing_is_left_in_the_folder_for_temporary_files(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "t").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "t"))
    assert run(inline=["dirname $0"]) == [str(tmp_path / "t")]
    assert list((tmp_path / "t").iterdir()) == []
