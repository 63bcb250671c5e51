"""The functions that Go's text/template always has."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote_plus

from imagesmith.template.gotemplate.errors import Failure
from imagesmith.template.gotemplate.evaluator import Function
from imagesmith.template.gotemplate.printf import sprint, sprintf, sprintln
from imagesmith.template.gotemplate.values import equal, kind, less, truth

_HTML = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;", "\0": "\N{REPLACEMENT CHARACTER}"}
)
_JS = str.maketrans(
    {
        "\\": "\\\\",
        "'": "\\'",
        '"': '\\"',
        "<": "\\u003C",
        ">": "\\u003E",
        "&": "\\u0026",
        "=": "\\u003D",
        **{chr(code): f"\\u{code:04X}" for code in range(32)},
    }
)


def _text(values: tuple[object, ...]) -> str:
    return values[0] if len(values) == 1 and isinstance(values[0], str) else sprint(values)


def _length(value: object) -> int:
    if isinstance(value, str):
        return len(value.encode("utf-8", "replace"))
    if isinstance(value, Mapping | list | tuple):
        return len(value)
    raise Failure(f"{kind(value)} has no length")


def _index(value: object, *keys: object) -> object:
    for key in keys:
        if isinstance(value, Mapping):
            if not isinstance(key, str):
                raise Failure(f"a map has no index that is {kind(key)}")
            value = value.get(key)
        elif isinstance(value, str):
            value = value.encode("utf-8", "replace")[_position(key, _length(value) - 1)]
        elif isinstance(value, list | tuple):
            value = value[_position(key, len(value) - 1)]
        else:
            raise Failure(f"{kind(value)} can't be indexed")
    return value


def _position(key: object, highest: int) -> int:
    if isinstance(key, bool) or not isinstance(key, int):
        raise Failure(f"an index must be a whole number, not {kind(key)}")
    if not 0 <= key <= highest:
        raise Failure(f"the index {key} is out of range")
    return key


def _slice(value: object, *bounds: object) -> object:
    if len(bounds) > 3 or (isinstance(value, str) and len(bounds) > 2):
        raise Failure("there are too many bounds")
    if not isinstance(value, str | list | tuple):
        raise Failure(f"{kind(value)} can't be sliced")
    length = _length(value)
    first, last = (*(_position(bound, length) for bound in bounds[:2]), *(0, length)[len(bounds[:2]) :])
    if first > last:
        raise Failure(f"the bounds {first} and {last} are in the wrong order")
    if isinstance(value, str):
        return value.encode("utf-8", "replace")[first:last].decode("utf-8", "replace")
    return list(value[first:last])


def _equal(first: object, *others: object) -> bool:
    if not others:
        raise Failure("there is nothing to compare with")
    return any(equal(first, other) for other in others)


def _call(*_: object) -> object:
    raise Failure("there is no value that is a function")


BUILTINS: Mapping[str, Function] = {
    "and": Function(lambda *_: None, (object,), object),
    "or": Function(lambda *_: None, (object,), object),
    "not": Function(lambda value: not truth(value), (object,)),
    "len": Function(_length, (object,)),
    "index": Function(_index, (object,), object),
    "slice": Function(_slice, (object,), object),
    "call": Function(_call, (object,), object),
    "print": Function(lambda *values: sprint(values), (), object),
    "println": Function(lambda *values: sprintln(values), (), object),
    "printf": Function(lambda layout, *values: sprintf(layout, values), (str,), object),
    "html": Function(lambda *values: _text(values).translate(_HTML), (), object),
    "js": Function(lambda *values: _text(values).translate(_JS), (), object),
    "urlquery": Function(lambda *values: quote_plus(_text(values).encode("utf-8", "replace")), (), object),
    "eq": Function(_equal, (object,), object),
    "ne": Function(lambda first, second: not equal(first, second), (object, object)),
    "lt": Function(less, (object, object)),
    "le": Function(lambda first, second: less(first, second) or equal(first, second), (object, object)),
    "gt": Function(lambda first, second: less(second, first), (object, object)),
    "ge": Function(lambda first, second: not less(first, second), (object, object)),
}
"""``and`` and ``or`` are evaluated by the evaluator itself, which stops at the argument that decides."""
