"""The JSON Schema (draft 2020-12) of templates, made from the option tables of every plugin that can be loaded.

It is for editors: it accepts what Packer's weak typing accepts, refuses unknown keys, and leaves to ``validate`` what
needs evaluation. Names are wanted in lower case, as everybody writes them.
"""

from __future__ import annotations

from typing import Any

__all__ = ["schema"]


def schema(language: str) -> dict[str, Any]:
    """The schema of legacy JSON templates ("json") or of ``*.pkr.json`` files ("hcl2")."""
    if language == "json":
        from imagesmith.template.json_schema.legacy import template

        return template()
    from imagesmith.template.json_schema.pkr_json import template as pkr_template

    return pkr_template()
