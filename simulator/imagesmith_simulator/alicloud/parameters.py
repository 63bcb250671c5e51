"""The parameters of one request: a flat table (``Tag.1.Key``) with a typed view.

Booleans come as ``true`` from the Go SDK and as ``True`` from the Python SDK.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from imagesmith_simulator.alicloud.errors import ApiError, invalid, missing

_INDEX = re.compile(r"\.\d+(?=\.|$)")


class Parameters:
    """A view of flat parameters; ``flat`` is the table itself."""

    def __init__(self, flat: Mapping[str, str], prefix: str = "") -> None:
        self.flat = dict(flat)
        self._prefix = prefix

    def text(self, name: str, default: str = "") -> str:
        """A string; ``default`` where it is not given or empty."""
        return self.flat.get(name) or default

    def required(self, name: str) -> str:
        """A string that must be given. Raises MissingParameter."""
        if value := self.flat.get(name):
            return value
        raise missing(self._prefix + name)

    def integer(self, name: str, default: int) -> int:
        """A whole number. Raises InvalidParameter."""
        value = self.flat.get(name)
        if not value:
            return default
        if not re.fullmatch(r"-?\d+", value):
            raise invalid(self._prefix + name, f'The value "{value}" of {self._prefix}{name} is not a number.')
        return int(value)

    def boolean(self, name: str, *, default: bool = False) -> bool:
        """``true`` or ``false`` in any case. Raises InvalidParameter."""
        value = self.flat.get(name, "").lower()
        if value not in ("", "true", "false"):
            raise invalid(self._prefix + name, f'The value "{value}" of {self._prefix}{name} is not a boolean.')
        return value == "true" if value else default

    def choice(self, name: str, allowed: tuple[str, ...], default: str = "") -> str:
        """One of a few strings. Raises InvalidParameter."""
        value = self.text(name, default)
        if value and value not in allowed:
            raise invalid(self._prefix + name, f"{self._prefix}{name} must be one of {', '.join(allowed)}.")
        return value

    def json_list(self, name: str, *, limit: int = 100) -> list[str] | None:
        """A JSON array of strings (``InstanceIds``); None where it is not given. Raises InvalidParameter."""
        value = self.flat.get(name)
        if not value:
            return None
        try:
            items = json.loads(value)
        except ValueError:
            raise ApiError(f"InvalidParameter.{name}.Malformed", 400, f"{name} is not a JSON array.") from None
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items) or len(items) > limit:
            raise ApiError(f"InvalidParameter.{name}.Malformed", 400, f"{name} is not a JSON array of {limit} or less.")
        return items

    def listed(self, name: str) -> list[str]:
        """``Name.1``, ``Name.2``, … in the order of their numbers."""
        found = [(int(key[len(name) + 1 :]), value) for key, value in self.flat.items() if self._item(key, name)]
        return [value for _, value in sorted(found)]

    def structure(self, name: str) -> Parameters:
        """``Name.Member`` as a table of its own."""
        return Parameters({key[len(name) + 1 :]: value for key, value in self._under(name)}, f"{self._prefix}{name}.")

    def structures(self, name: str) -> list[Parameters]:
        """``Name.1.Member``, ``Name.2.Member``, …, one table for each number."""
        numbers = {key[len(name) + 1 :].partition(".")[0] for key, _ in self._under(name)}
        ordered = sorted((number for number in numbers if number.isdigit()), key=int)
        return [self.structure(f"{name}.{number}") for number in ordered]

    def tags(self, name: str = "Tag") -> dict[str, str]:
        """``Tag.N.Key`` and ``Tag.N.Value``. Raises InvalidTagKey.Malformed and its like."""
        pairs = [(tag.text("Key"), tag.text("Value")) for tag in self.structures(name)]
        if len(pairs) > 20:
            raise ApiError("NumberExceed.Tags", 400, "The maximum number of tags, 20, is exceeded.")
        for key, value in pairs:
            if not key or len(key) > 128 or key.lower().startswith(("aliyun", "acs:", "http://", "https://")):
                raise ApiError("InvalidTagKey.Malformed", 400, f'The tag key "{key}" is not valid.')
            if len(value) > 128 or value.lower().startswith(("http://", "https://")):
                raise ApiError("InvalidTagValue.Malformed", 400, f'The value of the tag "{key}" is not valid.')
        return dict(pairs)

    def patterns(self) -> dict[str, str]:
        """Each given name with its numbers replaced by N (``DataDisk.N.Size``), and one name that it stands for."""
        return {_INDEX.sub(".N", name): name for name in self.flat}

    def _item(self, key: str, name: str) -> bool:
        return key.startswith(name + ".") and key[len(name) + 1 :].isdigit()

    def _under(self, name: str) -> list[tuple[str, str]]:
        return [(key, value) for key, value in self.flat.items() if key.startswith(name + ".")]
