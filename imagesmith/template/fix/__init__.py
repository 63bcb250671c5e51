"""``fix``: an old JSON template with today's names for its options.

fix_text(text, file)  -> the template as text, or `TemplateError`
problems(text, file)  -> what is still wrong with its shape
"""

from imagesmith.template.fix.apply import FIXERS, Fixer, fix_text, problems

__all__ = ["FIXERS", "Fixer", "fix_text", "problems"]
