"""The variables that scripts get: merged as Packer merges them, and written for a shell as Packer writes them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from imagesmith.errors import Diagnostic

COMMAND_LINE_FORMAT = "%s='%s' "
FILE_FORMAT = "export %s='%s'\n"

_VERB = re.compile(r"%(?:\[([12])\])?([sv%])|%")


def run_uuid(run_id: str, generated: Mapping[str, object]) -> str:
    """The run's id in the form of Packer's PACKER_RUN_UUID."""
    import uuid

    return str(generated.get("PackerRunUUID") or uuid.uuid5(uuid.NAMESPACE_OID, run_id))


def merged(packer: Mapping[str, str], environment_vars: Sequence[str], env: Mapping[str, str]) -> dict[str, str]:
    """All variables, sorted by name; ``env`` wins over ``environment_vars``, and both over the PACKER_* ones."""
    given = dict(entry.split("=", 1) for entry in environment_vars)
    return dict(sorted({**packer, **given, **env}.items()))


def for_posix(value: str) -> str:
    """A value as it stands between single quotes of a POSIX shell."""
    return value.replace("'", "'\"'\"'")


def formatted(variables: Mapping[str, str], form: str, escaped: Callable[[str], str] = for_posix) -> str:
    """The variables as shell text: ``form`` is a Go format with the name and the value, which is ``escaped`` for it."""
    return "".join(_sprintf(form, name, escaped(value)) for name, value in variables.items())


def render_command(
    text: str,
    data: Mapping[str, str],
    generated: Mapping[str, object],
    render: Callable[[str, Mapping[str, object]], str],
) -> str:
    """An ``execute_command`` with ``data`` and the build variables filled in.

    Run-time text is rendered until it stops changing. A variable's value that happens to hold template text must not
    be: such a text takes part as a placeholder.
    """
    placeholders = {name: f"imagesmith-{os.urandom(8).hex()}" for name, value in data.items() if "{{" in value}
    rendered = render(text, {**generated, **data, **placeholders})
    for name, placeholder in placeholders.items():
        rendered = rendered.replace(placeholder, data[name])
    return rendered


def problems(
    environment_vars: Sequence[str], env: Mapping[str, str], form: str, usual: str = COMMAND_LINE_FORMAT
) -> Iterator[Diagnostic]:
    """What can't be a variable. A value is never repeated: it may be a secret."""
    for entry in environment_vars:
        name, equals, _ = entry.partition("=")
        if not name or not equals:
            shown = f'"{name}"' if not equals else "an entry without a name"
            yield Diagnostic(f"environment_vars: {shown} is not of the form NAME=value")
    if "" in env:
        yield Diagnostic("env: a variable has no name")
    try:
        _sprintf(form, "NAME", "value")
    except ValueError as error:
        yield Diagnostic(f"env_var_format: {error}", hint=f"The usual format is {usual!r}")


def _sprintf(form: str, name: str, value: str) -> str:
    """Go's Sprintf for two strings: ``%s``, ``%v``, ``%[1]s``, ``%%``; raises `ValueError` for anything else."""
    arguments, used, following = (name, value), set[int](), 0

    def fill(found: re.Match[str]) -> str:
        nonlocal following
        if not found[2]:
            raise ValueError("only %s, %[1]s, %[2]s and %% have a meaning")
        if found[2] == "%":
            return "%"
        position = int(found[1]) - 1 if found[1] else following
        if position >= len(arguments):
            raise ValueError("it asks for more than a name and a value")
        used.add(position)
        following = position + 1
        return arguments[position]

    text = _VERB.sub(fill, form)
    if used != {0, 1}:
        raise ValueError("it must hold both the name and the value")
    return text
