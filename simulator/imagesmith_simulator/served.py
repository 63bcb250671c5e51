"""A simulated cloud in another process (``imagesmith simulate``), for builds in this one."""

from __future__ import annotations

import dataclasses
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from imagesmith_simulator.control import PREFIX

AnyOptions = TypeVar("AnyOptions")
_TIMEOUT_S = 30.0
_KEYS = ("access_key", "secret_key", "security_token")


def wants(source: object, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a cloud has to know of builder options: the facts, and the keys that it shall accept."""
    return {**facts, **{name: getattr(source, name, "") or "" for name in _KEYS}}


class ServedCloud:
    """A cloud that somebody else has started. It goes on when the build is over.

    ``facts`` and ``pointed`` are those of the cloud's class; see `imagesmith_simulator.cloud.SimulatedCloud`.
    """

    def __init__(
        self,
        url: str,
        facts: Callable[[object], Mapping[str, Any]],
        pointed: Callable[[Any, Mapping[str, str]], Any],
    ) -> None:
        self.url = url.rstrip("/")
        self._facts = facts
        self._pointed = pointed

    @property
    def name(self) -> str:
        """Which cloud it is, such as ``alicloud``. Raises `imagesmith.errors.UsageError` if nothing answers."""
        return str(self._ask("cloud")["cloud"])

    def attach(self, source: AnyOptions) -> AnyOptions:
        """The same options, pointed at this cloud; what they name is made to exist, their keys are accepted."""
        attached: AnyOptions = self._pointed(source, self._ask("attach", wants(source, self._facts(source))))
        return attached

    def inventory(self) -> Sequence[str]:
        """What it holds and did not hold when it was started."""
        return [str(line) for line in self._ask("inventory")]

    def leftovers(self) -> Sequence[str]:
        """The part of the inventory that a finished build must not leave."""
        return [str(line) for line in self._ask("leftovers")]

    def close(self) -> None:
        """Nothing: whoever has started it ends it."""

    def _ask(self, what: str, body: Mapping[str, Any] | None = None) -> Any:
        from imagesmith.errors import UsageError

        data = None if body is None else json.dumps(body, default=_plain).encode()
        request = urllib.request.Request(self.url + PREFIX + what, data=data)  # noqa: S310  # http:// to loopback
        # Without proxies: it is on this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=_TIMEOUT_S) as answer:
                return json.load(answer)
        except (OSError, ValueError) as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            raise UsageError(
                f"no simulated cloud answers at {self.url}: {getattr(error, 'reason', None) or error}",
                hint="start one with 'imagesmith simulate CLOUD', or set IMAGESMITH_SIMULATE=1",
            ) from None


def _plain(value: Any) -> Any:
    """What JSON does not know by itself: parts of options, mappings and sequences of other classes, paths."""
    if dataclasses.is_dataclass(value):
        return {item.name: getattr(value, item.name) for item in dataclasses.fields(value)}
    if isinstance(value, Path):
        return str(value)
    return dict(value) if isinstance(value, Mapping) else tuple(value)
