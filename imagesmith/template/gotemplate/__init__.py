"""Go's text/template, as far as templates in the wild can use it.

    parse(text)                    -> a Template, or GoTemplateError with line and column
    render(text, data, functions)  -> the text

Data is plain: strings, numbers, booleans, None (Go's nil), lists and maps. Work, depth and output are bounded, so that
no text, however made, takes the process down.
"""

from imagesmith.template.gotemplate.errors import GoTemplateError
from imagesmith.template.gotemplate.render import Function, check, parse, render

__all__ = ["Function", "GoTemplateError", "check", "parse", "render"]
