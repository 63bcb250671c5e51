"""Which host keys are accepted.

In this order: the keys pinned by ``ssh_host_key_fingerprints``; those that the guest printed on its console
(cloud-init's block of host keys); else the first key seen, and from then on no other.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import paramiko

from imagesmith.errors import BuildTimeout, Cancelled, Diagnostic, HostKeyMismatch, ImagesmithError, TemplateError

_RSA = ("rsa-sha2-512", "rsa-sha2-256")
_MOST_CONSOLE_LOOKS = 2
_KEY = re.compile(r"\b(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521))\s+(AAAA[0-9A-Za-z+/]+={0,2})")
_PRINT = re.compile(r"\bSHA256:[0-9A-Za-z+/]{43}")
_BLOCK = re.compile(r"-----BEGIN SSH HOST KEY (?:KEYS|FINGERPRINTS)-----(.*?)-----END SSH HOST KEY", re.DOTALL)


class OtherKeyWanted(Exception):
    """The server showed a key of another kind than the pinned ones: connect again and ask for those."""


@dataclass
class Pins:
    """Accepted keys: fingerprints, and the algorithms they are for where that is known (full keys)."""

    origin: str
    fingerprints: set[str] = field(default_factory=set)
    algorithms: set[str] = field(default_factory=set)
    kinds_unknown: bool = False

    def add_key(self, kind: str, encoded: str) -> None:
        """Pin a public key given as in a known_hosts line. Raises `ValueError` for bad base64."""
        self.fingerprints.add(_fingerprint(base64.b64decode(encoded, validate=True)))
        self.algorithms.update(_RSA if kind == "ssh-rsa" else (kind,))

    def add_fingerprint(self, text: str) -> None:
        """Pin ``SHA256:…``."""
        self.fingerprints.add(text.rstrip("="))
        self.kinds_unknown = True


class HostKeys:
    """Remembers what is accepted from the first connection to the last reconnection."""

    def __init__(
        self,
        given: Sequence[str],
        *,
        console: Callable[[], str],
        say: Callable[[str], None],
        option: str = "ssh_host_key_fingerprints",
    ) -> None:
        """``given`` are the option's values. Raises `TemplateError` for one that is neither fingerprint nor key."""
        self._option = option
        self._console = console
        self._say = say
        self._looks = 0
        self._supported: frozenset[str] = frozenset()
        self._tried: set[str] = set()
        self._shown = "none of the expected kind"
        self._pins = given_pins(given, option) if given else None

    def algorithms(self, supported: Sequence[str]) -> tuple[str, ...]:
        """The host key algorithms to offer: those of the pinned keys, or all that have not been in vain."""
        self._supported = frozenset(supported)
        pins = self._pins
        wanted = self._supported if pins is None or pins.kinds_unknown else pins.algorithms
        return tuple(name for name in supported if name in wanted and name not in self._tried)

    @property
    def narrowed(self) -> bool:
        """Whether less than every algorithm is offered, so that "nothing in common" means a wrong host key."""
        return self._pins is not None

    def verify(self, host: str, key: paramiko.PKey) -> None:
        """Accept the server's key, or raise `HostKeyMismatch` (`OtherKeyWanted` while another kind may match)."""
        fingerprint = _fingerprint(key.asbytes())
        self._shown = f"{key.get_name()} {fingerprint}"
        if self._pins is None or self._pins.origin == "first use":
            self._look_at_console()
        if self._pins is None:
            self._pins = Pins("first use", {fingerprint}, _algorithms_of(key))
            self._say(f"trusting the host key of {host} on first use: {self._shown}")
        if fingerprint in self._pins.fingerprints:
            self._tried.clear()
            return
        self._tried |= _algorithms_of(key)
        wrong_kind = self._pins.kinds_unknown or self._tried.isdisjoint(self._pins.algorithms)
        if wrong_kind and self._tried < self._supported:
            raise OtherKeyWanted
        raise self.mismatch(host)

    def mismatch(self, host: str) -> HostKeyMismatch:
        """The error for a key that is not accepted."""
        pins = self._pins or Pins("first use")
        expected = " or ".join(sorted(pins.fingerprints))
        origin = {
            "option": f"pinned by {self._option}",
            "console": "printed on the guest's console",
            "first use": "seen at the first connection",
        }[pins.origin]
        self._tried.clear()
        return HostKeyMismatch(
            f"{host} shows the host key {self._shown}, but {expected} was {origin}",
            hint="another machine may be answering at this address; if the key was changed on purpose, "
            f"correct {self._option} or don't change host keys while the image is built",
        )

    def _look_at_console(self) -> None:
        """Pin what the guest printed. A console that can't be read or has no keys yet is no error."""
        if self._looks >= _MOST_CONSOLE_LOOKS:
            return
        self._looks += 1
        try:
            text = self._console()
        except (Cancelled, BuildTimeout):
            raise
        except ImagesmithError as error:
            self._looks = _MOST_CONSOLE_LOOKS
            self._say(f"the guest's console can't be read, so its host keys are not known beforehand: {error}")
            return
        self._pins = console_pins(text) or self._pins


def console_pins(text: str) -> Pins | None:
    """The keys in the last block of each kind that cloud-init printed; None where there is none."""
    pins = Pins("console")
    for block in _BLOCK.findall(text)[-2:]:
        for kind, encoded in _KEY.findall(block):
            try:
                pins.add_key(kind, encoded)
            except binascii.Error:
                continue
    if not pins.fingerprints:
        for block in _BLOCK.findall(text)[-1:]:
            for found in _PRINT.findall(block):
                pins.add_fingerprint(found)
    return pins if pins.fingerprints else None


def given_pins(given: Sequence[str], option: str = "ssh_host_key_fingerprints") -> Pins:
    """Read the values of the option; raises `TemplateError` naming the ones that are wrong."""
    pins = Pins("option")
    problems = []
    for entry in given:
        text = entry.strip()
        line = _KEY.search(text)
        try:
            if line:
                pins.add_key(line[1], line[2])
            elif _PRINT.fullmatch(text.rstrip("=")):
                pins.add_fingerprint(text)
            else:
                problems.append(_malformed(entry, option))
        except binascii.Error:
            problems.append(_malformed(entry, option))
    if problems:
        raise TemplateError(problems)
    return pins


def _malformed(entry: str, option: str) -> Diagnostic:
    return Diagnostic(
        f'{option}: "{entry}" is neither a fingerprint nor a public key',
        hint='write "SHA256:…" as ssh-keygen -l shows it, or a line like "ssh-ed25519 AAAA…"',
    )


def _algorithms_of(key: paramiko.PKey) -> set[str]:
    return set(_RSA) if key.get_name() == "ssh-rsa" else {key.get_name()}


def _fingerprint(blob: bytes) -> str:
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode("ascii").rstrip("=")
