"""From text to text: the engine's front door."""

from __future__ import annotations

from collections.abc import Mapping

from imagesmith.template.gotemplate import parser
from imagesmith.template.gotemplate.builtins import BUILTINS
from imagesmith.template.gotemplate.errors import Failure, GoTemplateError, located
from imagesmith.template.gotemplate.evaluator import Evaluation, Function
from imagesmith.template.gotemplate.nodes import Template

__all__ = ["Function", "check", "parse", "render"]

MAX_TEXT = 4 << 20
"""The longest text that is looked at, in characters."""


def parse(text: str) -> Template:
    """The tree of a template. Raises `GoTemplateError`."""
    if len(text) > MAX_TEXT:
        raise GoTemplateError(f"the text is longer than {MAX_TEXT >> 20} MiB")
    try:
        return parser.parse(text)
    except Failure as failure:
        raise located(failure, text) from None
    except RecursionError:
        raise GoTemplateError("the template is nested too deeply") from None


def check(text: str, functions: Mapping[str, Function]) -> Template:
    """Parse, and see that every function exists. Raises `GoTemplateError`."""
    template = parse(text)
    try:
        parser.check_names(template, {**BUILTINS, **functions})
    except Failure as failure:
        raise located(failure, text) from None
    return template


def render(text: str, data: object, functions: Mapping[str, Function], *, keep_fields: bool = False) -> str:
    """The text with its actions carried out on ``data``. Raises `GoTemplateError`.

    ``keep_fields`` leaves actions that begin with a field, such as ``{{ .X }}``, as they are written.
    """
    if "{{" not in text:
        return text
    template = check(text, functions)
    try:
        return Evaluation(template, {**BUILTINS, **functions}, keep_fields=keep_fields).run(data)
    except Failure as failure:
        raise located(failure, text) from None
    except RecursionError:
        raise GoTemplateError("the template is nested too deeply") from None
