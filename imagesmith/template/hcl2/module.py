"""Finding and reading the files of a template, and sorting their blocks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from imagesmith.errors import UsageError
from imagesmith.template.files import read_text
from imagesmith.template.hcl2 import nodes
from imagesmith.template.hcl2.parser import parse_body
from imagesmith.template.hcl2.problems import Problems
from imagesmith.template.hcl2.scope import did_you_mean
from imagesmith.template.hcl2.source import Source

_LABELS: dict[str, tuple[str, ...]] = {
    "packer": (),
    "variable": ("name",),
    "variables": (),
    "local": ("name",),
    "locals": (),
    "data": ("type", "name"),
    "source": ("type", "name"),
    "build": (),
    "hcp_packer_registry": (),
    "communicator": ("type", "name"),
}


@dataclass(frozen=True, slots=True)
class Module:
    """The blocks of a template's files by type, in the order of the files and then of the blocks."""

    root: str
    variable_files: tuple[str, ...]
    blocks: dict[str, list[nodes.Block]] = field(default_factory=lambda: {kind: [] for kind in _LABELS})


def read(path: str, problems: Problems) -> Module:
    """The file, or the folder's files. Raises `UsageError`; faults of the files themselves are noted."""
    if not Path(path).is_dir():
        module = Module(os.path.split(path)[0] or ".", ())
        _read_file(path, module, problems)
        return module
    names = _names(path)
    templates = _ending(names, ".pkr.hcl") + _ending(names, ".pkr.json")
    if not templates:
        hint = "Templates are named *.pkr.hcl or *.pkr.json"
        raise UsageError(f"could not find any template in the folder {path}", hint=hint)
    automatic = _ending(names, ".auto.pkrvars.hcl") + _ending(names, ".auto.pkrvars.json")
    module = Module(os.path.normpath(path), tuple(str(Path(path) / name) for name in automatic))
    for name in templates:
        _read_file(str(Path(path) / name), module, problems)
    return module


def _names(path: str) -> list[str]:
    try:
        return sorted(entry.name for entry in os.scandir(path) if entry.is_file())
    except OSError as error:
        raise UsageError(f"the folder {path} can't be read: {error.strerror}") from None


def _ending(names: Sequence[str], suffix: str) -> list[str]:
    return [name for name in names if name.endswith(suffix)]


def _read_file(path: str, module: Module, problems: Problems) -> None:
    with problems.collecting():
        text = read_text(path)
        body = _parse_json(path, text) if path.endswith(".json") else parse_body(Source(path, text))
        for argument in body.arguments.values():
            hint = did_you_mean(argument.name, _LABELS) or "Put it into a block: locals { … }"
            problems.add(f'The argument "{argument.name}" can\'t stand outside of a block', "", hint, argument.location)
        for block in body.blocks:
            _sort(block, module, problems)


def _parse_json(path: str, text: str) -> nodes.Body:
    from imagesmith.template.hcl2.json_syntax import parse_json_body

    return parse_json_body(path, text)


def _sort(block: nodes.Block, module: Module, problems: Problems) -> None:
    wanted = _LABELS.get(block.type)
    if wanted is None:
        hint = did_you_mean(block.type, _LABELS)
        if block.type in ("provisioner", "post-processor", "post-processors"):
            hint = "Put it into a build block"
        problems.add(f'There is no block "{block.type}"', "", hint, block.location)
        return
    if len(block.labels) != len(wanted):
        shape = " ".join([block.type, *(f'"{label.upper()}"' for label in wanted), "{ … }"])
        count = f"{len(wanted)} label{'' if len(wanted) == 1 else 's'}"
        title = f'A "{block.type}" block has {count}, not {len(block.labels)}'
        problems.add(title, "", f"Write {shape}", block.location)
        return
    module.blocks[block.type].append(block)
