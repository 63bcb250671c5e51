"""No call of a function takes long or much memory: what asks for too much is refused, and the rest is quick."""

from __future__ import annotations

import contextlib
import time

import pytest

from imagesmith.console import open_session
from imagesmith.errors import TemplateError
from imagesmith.plan import TemplateRequest

_LEVELS = list(zip("abcdef", "bcdefg", strict=True))
_BOMB = "\\n".join(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]" for before, name in _LEVELS)
_SECONDS = 3.0


@pytest.mark.parametrize(
    ("expression", "refused"),
    [
        ("range(1000000000000)", True),
        ('format("%999999999d", 1)', True),
        ('format("%.999999999f", 1)', True),
        ("pow(10, 1000000000)", False),
        ("setproduct(range(1000), range(1000), range(1000))", True),
        ("[for a in range(1000) : [for b in range(1000) : [for c in range(1000) : 1]]]", True),
        ('join(join(join(",", range(1000)), range(1000)), range(1000))', True),
        ('can(regex("(a*)*b", join("", [for x in range(1000) : "aaaaaaaaaaaaaaaaaaaa"])))', False),
        ('regex("((((a{99}){99}){99}){99}){99}", "a")', True),
        ('bcrypt("a", 31)', True),
        (f'yamldecode("a: &a [x]\\n{_BOMB}")', True),
        ("1e999999999", True),
        ('formatlist("%9999s", range(1000))', False),
    ],
)
def test_a_call_that_asks_for_much_is_quick_or_refused(expression: str, refused: bool) -> None:
    session = open_session(TemplateRequest("", language="hcl2"))
    before = time.process_time()
    with pytest.raises(TemplateError) if refused else contextlib.nullcontext():
        session.answer(expression)
    assert time.process_time() - before < _SECONDS
