"""docs/how-to/read-an-error.md and its pictures, from real runs over the templates in docs/how-to/errors/."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "how-to" / "errors"
COLUMNS = 100
NOTE = "<!-- made by docs/captures.py from real runs; edit that -->\n"


@dataclass(frozen=True)
class Case:
    """One faulty template, and what a reader is told about its error."""

    file: str
    title: str
    change: str

    @property
    def picture(self) -> str:
        """The name of its screenshot."""
        return self.file.partition(".")[0] + ".svg"


CASES = (
    Case(
        "typo-in-an-option.pkr.hcl",
        "A misspelt option",
        "The name under the caret is not an option of this builder. Take the name that is offered: `image_name`. The "
        "second error then goes away too: it is the same option, missed under its right name.",
    ),
    Case(
        "missing-quote.pkr.hcl",
        "A missing quote",
        'The caret stands where the text begins that never ends. Put the missing `"` at the end of that line.',
    ),
    Case(
        "wrong-type.pkr.hcl",
        "A value of another type",
        "`type` says what the variable holds, the default is something else. Write `default = 40` and "
        '`default = ["cn-hangzhou-h"]`, or change the type. Both errors are shown at once.',
    ),
    Case(
        "unknown-variable.pkr.hcl",
        "A variable that is not declared",
        "The letters are swapped: write `var.region`. If the variable is really missing, declare it with "
        '`variable "regoin" { }`; if it is declared but has no value, the error says how to give it one.',
    ),
    Case(
        "go-template.json",
        "A mistake inside `{{ }}` of a JSON template",
        "In the first line one `}` of two is missing, in the second the function's name a letter. The caret stands at "
        "the very character inside the string.",
    ),
)

HEAD = """# Read an error

    imagesmith validate web.pkr.hcl

What is wrong with a template is told in the same form always:

1. what is wrong, after the word `Error:`, or `Warning:` where a build can go on;
2. the file, line and column;
3. the line itself, with a caret under the place; what may be a secret is shown as `<sensitive>`;
4. what was expected, and what to do.

Everything that can be found at once is shown at once. From the seventh fault on there is one line each, and beyond 24
only their number; [`-log-format=json`](../reference/diagnostics.md) shows all, for editors and scripts. The exit
code is 2, or 1 with `--packer-exit-codes`.

Five errors that everybody makes, and what to change:
"""


def pages() -> Iterator[tuple[str, str]]:
    """The file name, from docs/reference/, and text of the page and of each picture."""
    parts = [NOTE + HEAD]
    for case in CASES:
        shown = run(case.file)
        yield f"../images/{case.picture}", svg(shown, f"imagesmith validate {case.file}")
        text = re.sub(r"\x1b\[[0-9;]*m", "", shown).rstrip()
        parts.append(
            f"## {case.title}\n\n![{case.title}](../images/{case.picture})\n\n{case.change}\n\n"
            "<details><summary>The same as text</summary>\n\n"
            f"```text\n$ imagesmith validate {case.file}\n{text}\n```\n\n"
            f"</details>\n\nThe template: [{case.file}](errors/{case.file}).\n"
        )
    yield "../how-to/read-an-error.md", "\n".join(parts)


def run(file: str) -> str:
    """What the command line shows on a terminal, with its colours."""
    here, there = pty.openpty()
    environ = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "imagesmith", "validate", file]
    process = subprocess.Popen(command, cwd=FOLDER, env=environ, stdin=there, stdout=there, stderr=there)
    os.close(there)
    pieces = []
    while True:
        try:
            piece = os.read(here, 65536)
        except OSError:
            break
        if not piece:
            break
        pieces.append(piece)
    os.close(here)
    if process.wait() != 2:
        raise SystemExit(f"{file}: validate did not refuse the template")
    return b"".join(pieces).decode().replace("\r\n", "\n")


def svg(shown: str, title: str) -> str:
    """A picture of the terminal, without fonts from elsewhere."""
    from rich.console import Console
    from rich.text import Text

    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(f"$ {title}\n{shown.rstrip()}"))
    picture = console.export_svg(title="imagesmith", unique_id="capture")
    return re.sub(r"\s*@font-face \{.*?\}", "", picture, flags=re.DOTALL)


def words(picture: str) -> str:
    """What a picture says, however it is drawn: two releases of rich draw the same text differently."""
    return re.sub(r"<style>.*?</style>|<[^>]+>|\s+|&#160;", "", picture, flags=re.DOTALL)
