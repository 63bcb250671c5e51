"""One template with its flags, and both programs' verdicts on it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from imagesmith.checking import check_plan
from imagesmith.errors import ImagesmithError
from imagesmith.plan import TemplateRequest
from imagesmith.template import load

PACKER = shutil.which("packer") or ""


@dataclass(frozen=True)
class Case:
    """``files`` by name, of which ``path`` is validated; the rest is what a command line says."""

    name: str
    files: Mapping[str, str]
    path: str
    variables: Sequence[tuple[str, str]] = ()
    variable_files: Sequence[str] = ()
    only: Sequence[str] = ()
    exclude: Sequence[str] = ()
    environ: Mapping[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Put the files into an empty folder, beside some that templates may name."""
        (folder / "script.sh").write_text("#!/bin/sh\ntrue\n")
        (folder / "some").mkdir()
        (folder / "some" / "file.txt").write_text("text\n")
        for name, text in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)

    def flags(self) -> list[str]:
        """What packer is given."""
        selection = [f"-only={','.join(self.only)}"] if self.only else []
        selection += [f"-except={','.join(self.exclude)}"] if self.exclude else []
        files = [f"-var-file={name}" for name in self.variable_files]
        return [*selection, *files, *(f"-var={name}={value}" for name, value in self.variables)]


def theirs(case: Case, folder: Path) -> tuple[bool, str]:
    """Whether packer accepts the case written to this folder, and what it prints."""
    done = run_packer(["validate", *case.flags(), case.path], folder, case.environ)
    return done.returncode == 0, done.stdout + done.stderr


def run_packer(
    arguments: Sequence[str], folder: Path, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Debian's packer."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PKR_VAR_")}
    return subprocess.run(
        [PACKER, *arguments],
        cwd=folder,
        env={**clean, "PACKER_NO_COLOR": "1", **(environ or {})},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def ours(case: Case) -> tuple[bool, str]:
    """Whether we accept the case in the current folder, and what we say about it."""
    request = TemplateRequest(
        case.path,
        variables=case.variables,
        variable_files=case.variable_files,
        only=case.only,
        exclude=case.exclude,
        environ={"HOME": "/nonexistent", **case.environ},
    )
    try:
        check_plan(load(request))
    except ImagesmithError as error:
        return False, str(error)
    return True, ""
