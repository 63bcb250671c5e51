"""Functions that encode and decode."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import quote_plus

from imagesmith.template.hcl2.cty import STRING, Value, object_of, string, tuple_of
from imagesmith.template.hcl2.functions import csv_text, json_text, yaml_layout, yaml_text
from imagesmith.template.hcl2.functions.registry import FunctionProblem, Parameter, function


@function("base64decode(string)", STRING, returns=STRING)
def base64decode(text: str) -> str:
    """The text that is encoded, which must be UTF-8."""
    return _utf8(_from_base64(text))


@function("base64encode(string)", STRING, returns=STRING)
def base64encode(text: str) -> str:
    """The text's UTF-8 bytes in base64."""
    return base64.b64encode(text.encode()).decode()


@function("base64gzip(string)", STRING, returns=STRING)
def base64gzip(text: str) -> str:
    """The text compressed with gzip, in base64."""
    import gzip

    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


@function("csvdecode(string)", STRING)
def csvdecode(text: str) -> Value:
    """The rows as a list of objects; the first row has the names."""
    rows = csv_text.rows(text)
    if not rows:
        raise FunctionProblem("the first line must have the names of the columns", 0)
    names = rows[0]
    if len(set(names)) != len(names):
        raise FunctionProblem("two columns have the same name", 0)
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(names):
            raise FunctionProblem(f"row {number} has {len(row)} fields, not {len(names)}", 0)
    return tuple_of(object_of(dict(zip(names, map(string, row), strict=True))) for row in rows[1:])


@function("jsondecode(string)", STRING)
def jsondecode(text: str) -> Value:
    """The value that is written as JSON."""
    return json_text.decode(text)


@function("jsonencode(value)", Parameter(null=True), returns=STRING)
def jsonencode(value: Value) -> str:
    """The value as JSON."""
    return json_text.encode(value)


@function("textdecodebase64(string, encoding)", STRING, STRING, returns=STRING)
def textdecodebase64(text: str, encoding: str) -> str:
    """The text that is in base64 and in this character encoding."""
    try:
        return _from_base64(text).decode(_codec(encoding))
    except UnicodeDecodeError:
        raise FunctionProblem(f"the bytes are not valid {encoding}", 0) from None


@function("textencodebase64(string, encoding)", STRING, STRING, returns=STRING)
def textencodebase64(text: str, encoding: str) -> str:
    """The text in this character encoding, in base64."""
    try:
        return base64.b64encode(text.encode(_codec(encoding))).decode()
    except UnicodeEncodeError:
        raise FunctionProblem(f"the text has characters that don't exist in {encoding}", 0) from None


@function("urlencode(string)", STRING, returns=STRING)
def urlencode(text: str) -> str:
    """The text as part of a URL's query; a space becomes +."""
    return quote_plus(text, safe="~")


@function("yamldecode(string)", STRING)
def yamldecode(text: str) -> Value:
    """The value that is written as YAML."""
    return yaml_text.decode(text)


@function("yamlencode(value)", Parameter(null=True), returns=STRING)
def yamlencode(value: Value) -> str:
    """The value as YAML."""
    return yaml_layout.encode(value)


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError):
        raise FunctionProblem("not base64", 0) from None


def _utf8(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise FunctionProblem("the decoded bytes are not UTF-8 text", 0) from None


def _codec(encoding: str) -> str:
    import codecs

    try:
        b"".decode(encoding)
        return codecs.lookup(encoding).name
    except LookupError:
        raise FunctionProblem(f'there is no character encoding "{encoding}"', 1) from None
