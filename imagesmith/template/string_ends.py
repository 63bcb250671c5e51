"""Where a quoted string of HCL ends: interpolations in it may hold further strings."""

from __future__ import annotations

import re
from typing import Literal

_IN_STRING = re.compile(r'[^"\\\n$%]+')

Inside = Literal["string", "braces"]


def string_end(text: str, at: int, inside_of: Inside = "string") -> int:
    """Where the closing quote of the string stands in which ``at`` is, or the end of the line where it is missing.

    With ``inside_of="braces"`` the place behind the brace that closes the interpolation in which ``at`` is.
    """
    inside: list[Inside] = [inside_of]
    while at < len(text):
        character = text[at]
        if character == "\n":
            return at
        if inside[-1] == "string":
            match = _IN_STRING.match(text, at)
            if match:
                at = match.end()
            elif character == '"':
                inside.pop()
                if not inside:
                    return at
                at += 1
            elif text.startswith(("${", "%{"), at) and text[at - 1] != character:
                inside.append("braces")
                at += 2
            else:
                at += 2 if character == "\\" else 1
            continue
        if character in '"{':
            inside.append("string" if character == '"' else "braces")
        elif character == "}":
            inside.pop()
        at += 1
        if not inside:
            return at
    return len(text)
