"""Many expressions through Debian's packer 1.6.6 and through us, in few runs.

Packer's console prints the result of the last line only, so each run gets one line: a tuple of all expressions of a
batch, each as ``try([jsonencode([E]), E], [E], "refused")``. That shows the value with all digits, the value as the
console prints it, and whether it is refused, without one refusal hiding the others.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PACKER = shutil.which("packer") or ""
REFUSED = '  "refused",'
_LONGEST = 30_000
_ITEM = re.compile(r"^  (?=\S)(?!\])", re.MULTILINE)


def wrapped(expression: str) -> str:
    return f'try([jsonencode([{expression}]), {expression}], [{expression}], "refused")'


def batches(expressions: Sequence[str], most: int = 60) -> list[list[str]]:
    """The expressions in groups that make one line each; Packer reads no lines over 64 KiB."""
    found: list[list[str]] = [[]]
    size = 0
    for expression in expressions:
        size += len(wrapped(expression).encode())
        if size > _LONGEST or len(found[-1]) >= most:
            found.append([])
            size = len(wrapped(expression).encode())
        found[-1].append(expression)
    return found


def line(batch: Sequence[str]) -> str:
    return "[" + ", ".join(map(wrapped, batch)) + "]"


def items(printed: str, count: int) -> list[str]:
    """What was printed for each expression; raises AssertionError where the line as a whole has failed."""
    assert printed.startswith("[\n"), printed[:500]
    found = [part.rstrip("\n") for part in _ITEM.split(printed.removesuffix("]\n"))[1:]]
    assert len(found) == count, (len(found), count)
    return found


def packer_console(text: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One line through packer."""
    command = [PACKER, "console", *(arguments or ("--config-type=hcl2",))]
    return subprocess.run(
        command, cwd=folder, input=text + "\n", capture_output=True, text=True, check=False, timeout=60
    )


def our_console(lines: Sequence[str], folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """All lines through one process of ours."""
    command = [sys.executable, "-m", "imagesmith", "console", *(arguments or ("-config-type=hcl2",))]
    text = "".join(f"{one}\n" for one in lines)
    return subprocess.run(command, cwd=folder, input=text, capture_output=True, text=True, check=False, timeout=110)


def theirs(expressions: Sequence[str], folder: Path) -> list[str]:
    with ThreadPoolExecutor(2) as pool:
        groups = batches(expressions)
        runs = pool.map(lambda batch: packer_console(line(batch), folder), groups)
        return [item for batch, run in zip(groups, runs, strict=True) for item in _checked(run, batch)]


def _checked(run: subprocess.CompletedProcess[str], batch: Sequence[str]) -> list[str]:
    assert run.returncode == 0, (run.stdout[:600], batch)
    return items(run.stdout, len(batch))


def ours(expressions: Sequence[str], folder: Path) -> list[str]:
    run = our_console([line([expression]) for expression in expressions], folder)
    assert run.returncode == 0, run.stderr[:2000]
    printed = re.split(r"(?<=^\]\n)", run.stdout, flags=re.MULTILINE)
    assert len(printed) == len(expressions) + 1, len(printed)
    return [item for text in printed[:-1] for item in items(text, 1)]
