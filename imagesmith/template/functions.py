"""Packer's template functions, each where it is legal.

Everything is UTC, and the clock stands still at the start of the run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from imagesmith.template import gotime
from imagesmith.template.gotemplate.errors import Failure
from imagesmith.template.gotemplate.evaluator import Function
from imagesmith.template.remote_values import RemoteValues
from imagesmith.version import PACKER_VERSION

_MOST_REPLACED = 1 << 23


@dataclass(frozen=True, slots=True)
class Scope:
    """What the functions know. Empty ``build_name`` or ``build_type``: not available here.

    ``user`` are the user variables; ``resolve`` is asked instead while the variables themselves are rendered, and
    ``environ`` and ``remote`` are set only then, because ``env`` and secret stores are legal there only.
    """

    language: str
    started: datetime
    build_name: str = ""
    build_type: str = ""
    template_path: str = ""
    user: Mapping[str, str] = field(default_factory=dict, repr=False)
    resolve: Callable[[str], str] | None = None
    environ: Mapping[str, str] | None = field(default=None, repr=False)
    remote: RemoteValues | None = None


def functions(
    scope: Scope, *, runtime: Mapping[str, object] | None = None, build_variables: bool = False
) -> dict[str, Function]:
    """The functions by name; ``runtime`` are the values of ``build``, None while they are unknown."""

    def build(name: str) -> object:
        return _build_variable(name, scope, runtime, allowed=build_variables)

    return {
        **_PURE,
        **_clock(scope.started),
        **_place(scope),
        **_remote(scope),
        "user": Function(lambda name: _user(name, scope), (str,)),
        "env": Function(lambda name: _env(name, scope), (str,)),
        "build_name": Function(lambda: _known(scope.build_name)),
        "build_type": Function(lambda: _known(scope.build_type)),
        "build": Function(build, (str,)),
    }


def _user(name: str, scope: Scope) -> str:
    if scope.language != "json":
        raise Failure("there are no user variables in HCL2 templates", hint=f"Write ${{var.{name}}}")
    return scope.resolve(name) if scope.resolve else scope.user.get(name, "")


def _env(name: str, scope: Scope) -> str:
    if scope.environ is None:
        hint = 'In HCL2 write default = env("NAME") in a variable block, in JSON {{env `NAME`}} in "variables"'
        raise Failure("the environment can be read in variables only", hint=hint)
    return scope.environ.get(name, "")


def _known(value: str) -> str:
    if not value:
        raise Failure("this is not known here")
    return value


def _build_variable(name: str, scope: Scope, runtime: Mapping[str, object] | None, *, allowed: bool) -> object:
    if scope.language != "json":
        raise Failure("this function is not for HCL2 templates", hint=f"Write ${{build.{name}}}")
    if not allowed:
        raise Failure("values of the running build are there for provisioners and post-processors only")
    if runtime is None:
        return f"{{{{ build `{name}` }}}}"
    if name not in runtime:
        raise Failure(f'there is no value "{name}"', hint=f"Known are {', '.join(sorted(runtime)) or 'none'}")
    return runtime[name]


def _place(scope: Scope) -> dict[str, Function]:
    def template_dir() -> str:
        if scope.language != "json":
            raise Failure("this function is not for HCL2 templates", hint="Write ${path.root}")
        if scope.template_path in ("", "-"):
            raise Failure("the template does not come from a file")
        return os.path.normpath((Path(_working_folder()) / scope.template_path).parent)

    return {"template_dir": Function(template_dir), "pwd": Function(_working_folder)}


def _working_folder() -> str:
    try:
        return str(Path.cwd())
    except OSError as error:
        raise Failure(f"the current folder can't be told: {error.strerror}") from None


def _clock(started: datetime) -> dict[str, Function]:
    def isotime(*layout: str) -> str:
        if len(layout) > 1:
            raise Failure("there is one layout at most")
        return gotime.go_format(started, layout[0]) if layout else gotime.rfc3339(started)

    return {
        "isotime": Function(isotime, (), str),
        "strftime": Function(lambda layout: gotime.strftime(started, layout), (str,)),
        "timestamp": Function(lambda: str(int(started.timestamp()))),
        "uuid": Function(lambda: time_ordered_uuid(started)),
    }


def time_ordered_uuid(moment: datetime) -> str:
    """32 bits of the time in seconds and 96 random ones, as Packer makes them."""
    import secrets
    import uuid

    return str(uuid.UUID(int=(int(moment.timestamp()) & 0xFFFFFFFF) << 96 | secrets.randbits(96)))


def _split(text: str, separator: str, index: int) -> str:
    pieces = text.split(separator) if separator else list(text)
    if not 0 <= index < len(pieces):
        raise Failure(f"there is no piece {index}, the text has {len(pieces)} of them (counted from 0)")
    return pieces[index]


def _replace(old: str, new: str, count: int, text: str) -> str:
    found = text.count(old) if count < 0 else min(count, text.count(old))
    if len(text) + found * len(new) > _MOST_REPLACED:
        raise Failure("the result is too large")
    return text.replace(old, new, count)


def _upper(text: str) -> str:
    """Go changes each character by itself, so that their number stays the same."""
    if text.isascii():
        return text.upper()
    forms = ((character.upper(), character.title(), character) for character in text)
    return "".join(next(form for form in three if len(form) == 1) for three in forms)


def _lower(text: str) -> str:
    return text.lower() if text.isascii() else "".join(character.lower()[0] for character in text)


def _sed(*_: str) -> str:
    raise Failure("this function does nothing any more", hint="Use replace or replace_all")


def _remote(scope: Scope) -> dict[str, Function]:
    def asked(function: str) -> Callable[..., str]:
        return lambda *arguments: _look_up(scope, function, arguments)

    with_key = ("aws_secretsmanager", "alicloud_kms_secret", "huaweicloud_csms_secret")
    return {
        "vault": Function(asked("vault"), (str, str)),
        "consul_key": Function(asked("consul_key"), (str,)),
        "aws_secretsmanager_raw": Function(asked("aws_secretsmanager_raw"), (str,)),
        **{name: Function(asked(name), (str,), str) for name in with_key},
    }


def _look_up(scope: Scope, function: str, arguments: Sequence[str]) -> str:
    if len(arguments) > 2:
        raise Failure("there is one key at most")
    if scope.remote is None or scope.environ is None:
        hint = 'Use a local in HCL2, in JSON {{user `NAME`}} and in "variables" the look-up'
        raise Failure("secret stores can be asked in variables only", hint=hint)
    return scope.remote.look_up(function, arguments[0], arguments[1] if len(arguments) > 1 else None, scope.environ)


_PURE: Mapping[str, Function] = {
    "packer_version": Function(lambda: PACKER_VERSION),
    "split": Function(_split, (str, str, int)),
    "replace": Function(_replace, (str, str, int, str)),
    "replace_all": Function(lambda old, new, text: _replace(old, new, -1, text), (str, str, str)),
    "upper": Function(_upper, (str,)),
    "lower": Function(_lower, (str,)),
    "sed": Function(_sed, (), str),
}
