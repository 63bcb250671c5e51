"""How long and how often: Packer's rule for what is given and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from imagesmith.communicator import CommunicatorOptions
from imagesmith.errors import AuthenticationFailed, Unreachable
from imagesmith_ssh.tries import Tries, limits


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, (300.0, 10)),
        ({"ssh_timeout": 60.0}, (60.0, 0)),
        ({"ssh_handshake_attempts": 3}, (0.0, 3)),
        ({"ssh_timeout": 60.0, "ssh_handshake_attempts": 3}, (60.0, 3)),
    ],
)
def test_one_given_limit_is_the_only_one(given: dict[str, Any], expected: tuple[float, int]) -> None:
    assert limits(CommunicatorOptions(ssh_username="me", **given)) == expected


def test_without_any_ten_refused_logins_are_the_end() -> None:
    tries = Tries(CommunicatorOptions(ssh_username="me"), None)
    for number in range(1, 11):
        tries.note(AuthenticationFailed("no"), 0.0)
        assert tries.hopeless is (number == 10)


def test_a_number_alone_means_no_time_limit_for_other_causes() -> None:
    tries = Tries(CommunicatorOptions(ssh_username="me", ssh_handshake_attempts=2), None)
    for _ in range(50):
        tries.note(Unreachable("no"), 0.0)
    assert not tries.hopeless
    tries.note(AuthenticationFailed("no"), 0.0)
    assert not tries.hopeless
    tries.note(AuthenticationFailed("no"), 0.0)
    assert tries.hopeless
