"""``hcp_packer_registry``: checked as Packer checks it, and otherwise without effect."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from imagesmith.template.hcl2 import nodes
from imagesmith.template.hcl2.bodies import refuse_unknown
from imagesmith.template.hcl2.problems import Problems

_ARGUMENTS = ("bucket_name", "description", "labels", "bucket_labels", "build_labels", "channels")
_BUCKET = re.compile(r"[a-zA-Z0-9-]{3,36}")
_LONGEST_DESCRIPTION = 255


def check(blocks: Sequence[nodes.Block], builds: Sequence[nodes.Block], problems: Problems) -> None:
    """Check the registry blocks at the top and in builds; say once that they have no effect."""
    inside = [inner for build in builds for inner in build.body.blocks if inner.type == "hcp_packer_registry"]
    found = [*blocks, *inside]
    for block in found[1:]:
        title = "A template can have one hcp_packer_registry only"
        problems.add(title, f"The first one is at {found[0].location}", "", block.location)
    for block in found[:1]:
        refuse_unknown(block.body, "The hcp_packer_registry block", _ARGUMENTS, (), problems)
        for title, hint, argument in _faults(block.body):
            problems.add(title, "", hint, argument.expression.location)
        detail = "Images are not registered with HCP Packer"
        problems.warn('The block "hcp_packer_registry" has no effect', detail, "", block.location)
        if "labels" in block.body.arguments:
            place = block.body.arguments["labels"].location
            problems.warn('"labels" is the old name of "bucket_labels"', "", "", place)


def _faults(body: nodes.Body) -> Iterator[tuple[str, str, nodes.Argument]]:
    """What can be said of arguments that are written as plain text; nobody needs the others."""
    name = body.arguments.get("bucket_name")
    if name is not None and (text := _plain(name)) is not None and not _BUCKET.fullmatch(text):
        hint = "Take 3 to 36 letters, digits and dashes"
        yield f'"bucket_name" can\'t be "{text}"', hint, name
    description = body.arguments.get("description")
    if description is not None and len(_plain(description) or "") > _LONGEST_DESCRIPTION:
        yield '"description" is too long', f"It can have {_LONGEST_DESCRIPTION} characters", description
    if "labels" in body.arguments and "bucket_labels" in body.arguments:
        yield '"labels" and "bucket_labels" can\'t be used together', "Take bucket_labels", body.arguments["labels"]


def _plain(argument: nodes.Argument) -> str | None:
    node = argument.expression
    return node.value.raw if isinstance(node, nodes.Literal) and isinstance(node.value.raw, str) else None
