"""Which algorithms are offered: all that are good, those that the options name, or those that FIPS 140 approves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import paramiko

from imagesmith.errors import Diagnostic, TemplateError
from imagesmith.ssh_settings import CIPHERS, FIPS_CIPHERS, FIPS_KEY_EXCHANGES, FIPS_KEYS, FIPS_MACS, KEY_EXCHANGES

if TYPE_CHECKING:
    from imagesmith.communicator import CommunicatorOptions


class Algorithms:
    """What the options say about algorithms, for every connection of a build."""

    def __init__(self, options: CommunicatorOptions) -> None:
        """Raises `TemplateError` for a name that is not known here."""
        fips = options.ssh_profile == "fips"
        self._ciphers = tuple(options.ssh_ciphers) or (FIPS_CIPHERS if fips else CIPHERS)
        self._exchanges = tuple(options.ssh_key_exchange_algorithms) or (FIPS_KEY_EXCHANGES if fips else KEY_EXCHANGES)
        self._fips = fips
        problems = [
            *_unknown("ssh_ciphers", options.ssh_ciphers, CIPHERS),
            *_unknown("ssh_key_exchange_algorithms", options.ssh_key_exchange_algorithms, KEY_EXCHANGES),
        ]
        if problems:
            raise TemplateError(problems)

    def offer(self, transport: paramiko.Transport) -> tuple[str, ...]:
        """Have the transport offer these and no others; returns the host key algorithms among which to choose.

        What an older paramiko lacks is left out.
        """
        security = transport.get_security_options()
        security.ciphers = _common(self._ciphers, security.ciphers)
        security.kex = _common(self._exchanges, security.kex)
        if not self._fips:
            return tuple(security.key_types)
        security.digests = _common(FIPS_MACS, security.digests)
        return _common(FIPS_KEYS, security.key_types)


def _common(wanted: Sequence[str], offered: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in wanted if name in offered)


def _unknown(option: str, given: Sequence[str], known: Sequence[str]) -> list[Diagnostic]:
    return [
        Diagnostic(f'{option}: "{name}" is not known', hint=f"known are {', '.join(known)}")
        for name in given
        if name not in known
    ]
