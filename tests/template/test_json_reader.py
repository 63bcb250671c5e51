"""The JSON reader: the same values as Python's own, with places, and stricter."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagesmith.errors import Location, TemplateError
from imagesmith.template.json.reader import Node, read
from imagesmith.template.json.shape import plain


def test_every_key_and_value_has_its_place() -> None:
    document = read('{\n  "a": {"b":\n    [1, {"c": "é", "d": null}]}}', "t.json")
    assert isinstance(document.value, dict)
    outer = document.value["a"]
    assert outer.location == Location("t.json", 2, 3)
    assert isinstance(outer.node.value, dict)
    items = outer.node.value["b"].node.value
    assert isinstance(items, list)
    assert [item.location for item in items] == [Location("t.json", 3, 6), Location("t.json", 3, 9)]
    assert isinstance(items[1].value, dict)
    assert items[1].value["d"].location == Location("t.json", 3, 20)


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ('{"a": 1, "a": 2}', 1, 10, 'the key "a" is given twice'),
        ('{"x": {"a": 1,\n "a": 2}}', 2, 2, 'the key "a" is given twice'),
        ('{"a": 1,\n}', 1, 8, "comma before }"),
        ('{"a": [1, 2,]}', 1, 12, "comma before ]"),
        ('{"a": 1\n "b": 2}', 2, 2, "where a comma or } should be"),
        ('{"a" 1}', 1, 6, "a colon"),
        ("{'a': 1}", 1, 2, "JSON wants double quotes"),
        ('{"a": 1} // no', 1, 10, "more text after the end"),
        ('{// no\n"a": 1}', 1, 2, "JSON has no comments"),
        ('{"a": "x\ny"}', 1, 7, "not closed on its line"),
        ('{"a": "x', 1, 7, "not closed"),
        ('{"a": "\\q"}', 1, 8, "escape"),
        ('{"a": "\t"}', 1, 8, "control character"),
        ('{"a": 1e999}', 1, 7, "too large"),
        ('{"a": tru}', 1, 7, "where a value should be"),
        ("", 1, 1, "ends where a value should be"),
        ('{"a": {', 1, 8, "ends where"),
        ("[" * 500, 1, 101, "deep"),
        ('{"a": ' + "1" * 5000 + "}", 1, 7, "not a number"),
    ],
)
def test_faults_are_reported_at_their_place(text: str, line: int, column: int, words: str) -> None:
    with pytest.raises(TemplateError) as caught:
        read(text, "t.json")
    assert caught.value.first_location == Location("t.json", line, column)
    assert words in str(caught.value)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(VALUES, st.booleans())
def test_values_are_the_same_as_those_of_pythons_reader(value: object, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=1)
    assert plain(read(text, "t.json")) == json.loads(text)


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from('{}[]",:0123456789.eE-+\\utrfalsn \n/x'), max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(TemplateError):
        assert isinstance(read(text, "t.json"), Node)


def test_surrogate_pairs_are_joined_and_lone_ones_replaced() -> None:
    assert read('"\\ud83d\\ude00 \\ud800"', "t").value == "\N{GRINNING FACE} \N{REPLACEMENT CHARACTER}"
