"""What a template function that asks a secret store is: a plain function from a `SecretRequest` to a text.

    def look_up(request: SecretRequest) -> str:
        ...

It imports its client when it is called, tries once, and raises what `imagesmith.errors` has: whoever calls it repeats
what may be repeated, keeps each value for the run and masks it. No error of a store holds a value or a token.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from imagesmith.errors import CloudError, ImagesmithError, MissingDependency, NotFound, TemplateError, UsageError
from imagesmith.waiting import CancelToken, RetryPolicy

CONNECT_S, READ_S = 5.0, 10.0
"""How long one try waits for a connection, and then for its answer."""

ONE_TRY = RetryPolicy(attempts=1)
"""For clients that would try again by themselves."""

_MOST_NAMES = 12


@dataclass(frozen=True, slots=True)
class SecretRequest:
    """One secret: the store's path or name of it, and the key inside; None where the template gives no key."""

    name: str
    key: str | None = None
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    def setting(self, *names: str, default: str = "") -> str:
        """The first of these environment variables that is not empty."""
        return next((value for name in names if (value := self.environ.get(name, ""))), default)

    def switch(self, name: str, *, default: bool = False) -> bool:
        """A yes or no of the environment, spelled as Go spells it. Raises `ImagesmithError` for anything else."""
        text = self.environ.get(name, "")
        if text.lower() in ("1", "t", "true"):
            return True
        if text.lower() in ("0", "f", "false"):
            return False
        if text:
            raise ImagesmithError(f"{name} is neither true nor false", hint=f"Set {name} to true or false, or unset it")
        return default


class SecretStore(Protocol):
    """Asks one store once."""

    def __call__(self, request: SecretRequest) -> str:
        """The value.

        Raises `ImagesmithError`: `MissingDependency` without the client, `AccessDenied`, `NotFound`, and `Throttled`,
        `ServiceUnavailable` or `AnswerLost` for what may be tried again.
        """
        ...


def missing_client(names: Iterable[str], what: str, extra: str) -> MissingDependency | None:
    """The error for a client package that is not installed; importing nothing."""
    from importlib.util import find_spec

    missing = [name for name in names if find_spec(name) is None]
    return MissingDependency(f"{what} ({', '.join(missing)})", extra) if missing else None


def member(text: str, key: str, where: str) -> str:
    """The value of one key of a secret that is a JSON object. ``where`` names the secret in errors.

    Numbers and booleans are given as JSON writes them. Raises `NotFound` and `CloudError`.
    """
    return scalar(json_object(text, where), key, where)


def json_object(text: str, where: str) -> Mapping[str, object]:
    """A secret that has keys. Raises `CloudError` where it has none."""
    found: object = None
    with contextlib.suppress(ValueError, RecursionError):
        found = json.loads(text)
    if not isinstance(found, dict):
        raise CloudError(f"{where} is a plain text and has no keys", hint="Leave the key out to get the whole text")
    return found


def scalar(values: Mapping[str, object], key: str, where: str) -> str:
    """One value as text. Raises `NotFound` with the names of the keys there are, `CloudError` for lists and objects."""
    if key not in values:
        raise NotFound(f'{where} has no key "{key}"', hint=known_keys(values))
    value = values[key]
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    kind = "null" if value is None else "a list or an object"
    raise CloudError(f'the key "{key}" of {where} is {kind}, not a text', hint="Store the value as a text")


def known_keys(values: Iterable[str]) -> str:
    """A hint with the names of the keys, never with their values."""
    names = sorted(map(str, values))
    more = ", …" if len(names) > _MOST_NAMES else ""
    return f"It has {', '.join(names[:_MOST_NAMES])}{more}" if names else "It has no keys"


def about(error: CloudError, where: str, hints: Mapping[type[CloudError], str]) -> CloudError:
    """A refusal of a cloud that says which secret it is about; ``hints`` say what to do where the error does not."""
    hint = next((text for kind, text in hints.items() if isinstance(error, kind)), "")
    return type(error)(
        f"{where}: {error.message}",
        code=error.code,
        request_id=error.request_id,
        status=error.status,
        retry_after_s=error.retry_after_s,
        hint=hint or error.hint,
    )


def incomplete(error: TemplateError, store: str, hint: str) -> UsageError:
    """The environment lacks something that is needed to ask the store: the first fault of a provider's options."""
    fault = error.diagnostics[0].summary.partition(": ")
    return UsageError(f"{store} can't be asked: {fault[2] or fault[0]}", hint=hint)


class QuietCaller:
    """Whoever makes a cloud's calls for a template: nobody can stop it, nobody is told of its tries."""

    cancel: CancelToken

    def __init__(self) -> None:
        self.cancel = CancelToken()

    def say(self, text: str, level: object = "") -> None:
        """Nothing is told."""
