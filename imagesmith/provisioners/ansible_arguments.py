"""Arguments of ansible-playbook, of which none may show a secret to the other users of a computer."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator, Sequence

from imagesmith import redact
from imagesmith.errors import ProvisionError

_FLAGS = ("-e", "--extra-vars")
_SECRET_NAME = re.compile(r"secret|password|passphrase|passwd", re.IGNORECASE)
_SHORTEST = 5
"""A value that only its name makes secret is masked from this length on: "yes" and "true" are words as well."""


def hide_secrets(arguments: Sequence[str], write: Callable[[str], str]) -> list[str]:
    """The arguments with variables that hold secrets moved into files: ``-e @FILE``.

    ``write`` puts a text into a file that nobody else can read, and returns its name. A variable is secret when its
    value is known to be, or its name says so (password, secret), as Packer has it; such values are masked from now on.
    Raises `ProvisionError` for a secret in any other argument.
    """
    kept: list[str] = []
    for variables, words in _options(arguments):
        if variables and not variables.startswith("@") and _is_secret(variables):
            kept += ["-e", f"@{write(_as_file(variables))}"]
        elif not variables and any(redact.mask(word) != word for word in words):
            hint = "every user of the computer could read it; give it as a variable (-e NAME=…) or in a file"
            raise ProvisionError(f'the extra argument "{redact.mask(words[0])}" holds a secret', hint=hint)
        else:
            kept += words
    return kept


def _options(arguments: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Each argument, or flag with its argument; of extra variables their text, "" for everything else."""
    rest = iter(arguments)
    for argument in rest:
        if argument in _FLAGS:
            value = next(rest, None)
            yield ("", [argument]) if value is None else (value, [argument, value])
        elif argument.startswith("--extra-vars="):
            yield argument.partition("=")[2], [argument]
        elif argument.startswith("-e"):
            yield argument[2:], [argument]
        else:
            yield "", [argument]


def _is_secret(text: str) -> bool:
    return redact.mask(text) != text or bool(_SECRET_NAME.search(text))


def _as_file(text: str) -> str:
    """The variables as YAML, which JSON is; secret values are masked from now on."""
    if text.lstrip()[:1] in ("{", "["):
        redact.register(*_secret_values(_loaded(text)))
        return text
    parts = [word.partition("=") for word in _words(text) if "=" in word]
    pairs = {name: value for name, _, value in parts}
    redact.register(*_secret_values(pairs))
    return json.dumps(pairs, ensure_ascii=False)


def _words(text: str) -> list[str]:
    """Split as ansible splits ``a=1 b='two words'``: by blanks, where quotes hold words together."""
    lexer = shlex.shlex(text, posix=True)
    lexer.whitespace_split, lexer.commenters, lexer.escape = True, "", ""
    try:
        return list(lexer)
    except ValueError as error:
        raise ProvisionError(
            "the extra variables can't be read: a quote is never closed", hint="check extra_arguments"
        ) from error


def _loaded(text: str) -> object:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ProvisionError("the extra variables are neither YAML nor JSON", hint="check extra_arguments") from error


def _secret_values(data: object) -> Iterator[str]:
    """The texts under names that say that they are secret."""
    if isinstance(data, dict):
        for name, value in data.items():
            if _SECRET_NAME.search(str(name)):
                yield from _texts(value)
            else:
                yield from _secret_values(value)
    elif isinstance(data, list):
        for item in data:
            yield from _secret_values(item)


def _texts(data: object) -> Iterator[str]:
    if isinstance(data, dict):
        for value in data.values():
            yield from _texts(value)
    elif isinstance(data, list):
        for value in data:
            yield from _texts(value)
    elif len(str(data)) >= _SHORTEST:
        yield str(data)


def is_secret_name(name: str) -> bool:
    """Whether a variable's name says that its value is secret."""
    return bool(_SECRET_NAME.search(name))
