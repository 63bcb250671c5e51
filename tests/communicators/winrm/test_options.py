"""What templates say about WinRM is checked before anything is made."""

from __future__ import annotations

from typing import Any

import pytest

from imagesmith.communicator import CommunicatorOptions


@pytest.mark.parametrize(
    ("given", "summary"),
    [
        ({}, "a winrm_username must be given"),
        (
            {"winrm_username": "x", "winrm_certificate_fingerprints": ["00" * 32]},
            "winrm_certificate_fingerprints has no effect without TLS",
        ),
        (
            {"winrm_username": "x", "winrm_auth": "basic", "winrm_use_ntlm": True},
            'winrm_use_ntlm contradicts winrm_auth = "basic"',
        ),
    ],
)
def test_problem_is_named(given: dict[str, Any], summary: str) -> None:
    found = list(CommunicatorOptions(communicator="winrm", **given).problems())
    assert [problem.summary for problem in found] == [summary]
    assert found[0].hint


@pytest.mark.parametrize(
    "given",
    [
        {"winrm_username": "Administrator"},
        {"winrm_auth": "kerberos"},
        {"winrm_username": "x", "winrm_use_ntlm": False},
        {"winrm_username": "x", "winrm_use_ntlm": True, "winrm_auth": "ntlm"},
    ],
)
def test_nothing_is_wrong(given: dict[str, Any]) -> None:
    assert not list(CommunicatorOptions(communicator="winrm", **given).problems())
