"""Go's text/template, as far as templates in the wild can use it.

    render.parse(text)                    -> a Template, or errors.GoTemplateError with line and column
    render.render(text, data, functions)  -> the text

Data is plain: strings, numbers, booleans, None (Go's nil), lists and maps. Work, depth and output are bounded, so that
no text, however made, takes the process down. Nothing is imported here: most HCL2 templates have no such text.
"""
