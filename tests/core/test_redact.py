"""Secrets are masked in every form in which tools like to repeat them."""

from __future__ import annotations

import base64
import json
import shlex
import subprocess
import sys
from urllib.parse import quote, quote_plus

import pytest

SECRETS = [
    "plain-secret-0001",
    "with,comma,and spaces 0002",
    "single'quote'0003",
    'double"quote"0004',
    "dollar$and`tick`0005",
    "line one 0006\nline two 0006",
    "密码 0007 密码",
    "back\\slash 0008",
    "percent%20 0009 & ampersand",
    "tab\tand\x01control 0010",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_all_spellings_are_masked(secret: str) -> None:
    spellings = [
        secret,
        shlex.quote(secret),
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        base64.b64encode(secret.encode()).decode(),
        base64.urlsafe_b64encode(secret.encode()).decode(),
        json.dumps(secret),
        json.dumps(secret, ensure_ascii=False),
        *secret.splitlines(),
    ]
    code = (
        "import json, sys\nfrom imagesmith import redact\nsecret, texts = json.load(sys.stdin)\n"
        "redact.register(secret)\nprint(json.dumps([redact.mask(text) for text in texts]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps([secret, spellings]), capture_output=True, text=True, check=True
    )
    for spelling, clean in zip(spellings, json.loads(done.stdout), strict=True):
        assert "<sensitive>" in clean
        assert spelling.strip("'\"") not in clean


def test_a_longer_secret_wins_over_a_shorter_one_inside_it() -> None:
    code = "from imagesmith import redact; redact.register('abc', 'abcdef'); print(redact.mask('x abcdef abc'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "x <sensitive> <sensitive>\n"
