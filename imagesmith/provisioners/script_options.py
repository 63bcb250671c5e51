"""The options that every kind of shell provisioner shares: where the script comes from, and what it is given."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from imagesmith.errors import Diagnostic, ProvisionError
from imagesmith.options import Options, option
from imagesmith.plan import UNKNOWN
from imagesmith.provisioners import environment

DEFAULT_SHEBANG = "/bin/sh -e"


class ScriptOptions(Options):
    """A script from a file or from lines in the template, its variables and the exit codes that count as success."""

    obeys_inline_shebang: ClassVar[bool] = False
    """Whether a first inline line that begins with ``#!`` stands in place of ``inline_shebang``."""

    usual_env_var_format: ClassVar[str] = environment.COMMAND_LINE_FORMAT
    """What ``env_var_format`` is where the template does not say."""

    inline: Sequence[str] = option(
        default=(), doc="Lines that are joined to one script; `inline_shebang` is put before them."
    )
    script: str = option(default="", doc="A local script file.")
    scripts: Sequence[str] = option(default=(), doc="Local script files, run in this order.")
    inline_shebang: str = option(
        default="", doc=f"The interpreter of an inline script, without `#!`; by default `{DEFAULT_SHEBANG}`."
    )
    environment_vars: Sequence[str] = option(default=(), doc="Variables for the script, each as `NAME=value`.")
    env: Mapping[str, str] = option(default={}, doc="Variables for the script as a map; wins over `environment_vars`.")
    env_var_format: str = option(
        default="",
        doc="How a variable is written in `{{.Vars}}`: a Go format with the name and the value, "
        "by default `%s='%s' ` on a command line and `export %s='%s'` in a file.",
    )
    valid_exit_codes: Sequence[int] = option(default=(0,), doc="The exit codes of the script that count as success.")

    def script_files(self) -> tuple[str, ...]:
        """The script files in order; none for an inline script."""
        return (self.script,) if self.script else tuple(self.scripts)

    def inline_text(self, lines: Sequence[str], render: Callable[[str], str]) -> str:
        """The inline script's text: the shebang and the rendered lines."""
        rendered = [render(line) for line in lines]
        own_shebang = self.obeys_inline_shebang and not self.inline_shebang and rendered[0].startswith("#!")
        shebang = "" if own_shebang else f"#!{self.inline_shebang or DEFAULT_SHEBANG}\n"
        return shebang + "".join(f"{line}\n" for line in rendered)

    def sources(self) -> Mapping[str, object]:
        """The options of which exactly one must be given."""
        return {"inline": self.inline, "script": self.script, "scripts": self.scripts}

    def problems(self) -> Iterator[Diagnostic]:
        yield from super().problems()
        given = [name for name, value in self.sources().items() if value]
        if len(given) != 1:
            what = f"{' and '.join(given)} are given" if given else "there is no script"
            yield Diagnostic(what, hint=f"Give exactly one of {', '.join(self.sources())}")
        single = [name for name in ("inline", "scripts", "environment_vars") if isinstance(getattr(self, name), str)]
        if single:
            yield Diagnostic(f"{single[0]} must be a list of strings, not one string")
            return
        for path in self.script_files():
            yield from script_problems(path)
        usual = self.usual_env_var_format
        yield from environment.problems(self.environment_vars, self.env, self.env_var_format or usual, usual)


def is_known(text: str) -> bool:
    """Whether a path is final: it holds neither template text nor a value that only the run will tell."""
    return "{{" not in text and UNKNOWN not in text


def script_problems(path: str) -> Iterator[Diagnostic]:
    """Why a script file can't be run, as far as it can be known before the run."""
    if not is_known(path):
        return
    if Path(path).is_dir():
        yield Diagnostic(f'the script "{path}" is a folder')
    elif not Path(path).exists():
        yield Diagnostic(f'there is no script "{path}"', hint=f"Paths are relative to {Path.cwd()}")
    elif not os.access(path, os.R_OK):
        yield Diagnostic(f'the script "{path}" can\'t be read')


def read_script(path: str) -> bytes:
    """The content of a local script; raises `ProvisionError` when it can't be read."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ProvisionError(f'the script "{path}" can\'t be read: {error.strerror}') from error
