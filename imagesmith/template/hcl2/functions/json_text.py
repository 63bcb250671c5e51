"""Values as JSON text, and back."""

from __future__ import annotations

import json
from fractions import Fraction

from imagesmith.template.hcl2 import numeric
from imagesmith.template.hcl2.cty import NULL, Value, boolean, number, object_of, string, tuple_of
from imagesmith.template.hcl2.functions.registry import FunctionProblem

_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def encode(value: Value) -> str:
    """Compact JSON with keys in order; <, > and & are escaped as Go does."""
    raw = value.raw
    if raw is None:
        return "null"
    if isinstance(raw, str):
        return quoted(raw)
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, tuple):
        return f"[{','.join(map(encode, raw))}]"
    if isinstance(raw, dict):
        return "{" + ",".join(f"{quoted(name)}:{encode(item)}" for name, item in raw.items()) + "}"
    if isinstance(raw, float):
        raise FunctionProblem("infinity can't be written as JSON")
    return numeric.text(raw)


def quoted(text: str) -> str:
    """The text as a JSON string, escaped as Go does."""
    return json.dumps(text, ensure_ascii=False).translate(_HTML)


def decode(text: str) -> Value:
    """JSON text as a value; numbers keep all their digits. Raises `FunctionProblem`."""
    try:
        data = json.loads(text, parse_int=_number, parse_float=_number, parse_constant=_refuse)
    except json.JSONDecodeError as problem:
        raise FunctionProblem(f"not JSON: {problem.msg} (line {problem.lineno}, column {problem.colno})", 0) from None
    except RecursionError:
        raise FunctionProblem("the JSON is nested too deeply", 0) from None
    return _value(data)


def _number(text: str) -> int | Fraction:
    result = numeric.parse(text)
    return Fraction(result)


def _refuse(text: str) -> None:
    raise FunctionProblem(f"not JSON: {text} is not a value", 0)


def _value(data: object) -> Value:
    if data is None:
        return NULL
    if isinstance(data, bool):
        return boolean(data)
    if isinstance(data, str):
        return string(data.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    if isinstance(data, list):
        return tuple_of(map(_value, data))
    if isinstance(data, dict):
        return object_of({name: _value(item) for name, item in data.items()})
    return number(data) if isinstance(data, Fraction) else NULL
