"""The canonical layout of the native syntax, as ``packer fmt`` gives it.

`format_text` is the entry point: ``format_text(text) -> str``. Only white space between tokens changes: comments, text
in strings and heredocs, line ends and blank lines stay as they are.
"""

from __future__ import annotations

from imagesmith.template.hcl2.formatting.layout import lay_out
from imagesmith.template.hcl2.formatting.lexer import tokenize
from imagesmith.template.hcl2.parser import parse_body
from imagesmith.template.hcl2.problems import bounded
from imagesmith.template.hcl2.source import Source

__all__ = ["format_text"]


def format_text(text: str, name: str = "<text>") -> str:
    """Return the text of one template or variable file in its canonical layout.

    ``name`` is the file's name in errors. Formatting twice gives the same as formatting once, and what the file means
    does not change. Raises `imagesmith.errors.TemplateError` if the syntax is wrong: such a text is never laid out.
    """
    with bounded():
        parse_body(Source(name, text))
    return lay_out(tokenize(text))
