"""The commands that install the roles and collections that a requirements file asks for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from imagesmith.errors import ProvisionError


def install_commands(
    command: Sequence[str], file: str, named: str, *, roles_path: str, collections_path: str, force: Sequence[str]
) -> list[list[str]]:
    """One command for the roles and one for the collections in ``file``, as far as there are any.

    ``named`` is the file's name where the commands run. Raises `ProvisionError` for a file that can't be read.
    """
    parts = _parts(file)
    commands = []
    for part, path in (("role", roles_path), ("collection", collections_path)):
        if part in parts:
            target = ["-p", path] if path else []
            commands.append([*command, part, "install", "-r", named, *force, *target])
    return commands


def _parts(file: str) -> set[str]:
    """What the file asks for. The older form, a list, means roles."""
    import yaml

    hint = "it must be a list of roles, or have the keys roles and collections"
    try:
        content = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ProvisionError(f'the galaxy file "{file}" can\'t be read: {reason}') from error
    except yaml.YAMLError as error:
        raise ProvisionError(f'the galaxy file "{file}" is not YAML', hint=hint) from error
    if isinstance(content, list):
        return {"role"}
    if not isinstance(content, dict) or not {"roles", "collections"} & content.keys():
        raise ProvisionError(f'the galaxy file "{file}" asks for nothing', hint=hint)
    return {part for part in ("role", "collection") if content.get(f"{part}s")}
