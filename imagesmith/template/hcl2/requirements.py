"""The ``packer`` block: which version and which plugins a template asks for."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping

from imagesmith.errors import UsageError
from imagesmith.plugin import NOT_YET, Kind, load, names
from imagesmith.template.hcl2 import nodes, versions
from imagesmith.template.hcl2.bodies import refuse_unknown
from imagesmith.template.hcl2.cty import STRING
from imagesmith.template.hcl2.evaluator import evaluate
from imagesmith.template.hcl2.problems import Problems
from imagesmith.template.hcl2.scope import Scope, Surroundings
from imagesmith.version import PACKER_VERSION

_LOCAL_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*", re.IGNORECASE)
_LITERALS = Scope({}, Surroundings(), "none")
_KINDS: tuple[Kind, ...] = ("builders", "provisioners", "post_processors")


def check(blocks: list[nodes.Block], problems: Problems) -> dict[str, str]:
    """Note what the ``packer`` blocks ask for and can't have.

    Returns the required plugins that imagesmith does not have, local name -> source: they matter only where one of
    their parts is used.
    """
    seen: dict[str, nodes.Block] = {}
    foreign: dict[str, str] = {}
    for block in blocks:
        refuse_unknown(block.body, "The packer block", ("required_version",), ("required_plugins",), problems)
        _check_version(block.body, problems)
        for plugins in block.body.blocks:
            if plugins.type == "required_plugins":
                _check_plugins(plugins, seen, foreign, problems)
    return foreign


def wanted_versions(blocks: list[nodes.Block]) -> dict[str, str]:
    """The version constraint of each required plugin by the last part of its source, once `check` has passed."""
    found: dict[str, str] = {}
    for block in (inner for outer in blocks for inner in outer.body.blocks):
        for argument in block.body.arguments.values():
            parts = evaluate(argument.expression, _LITERALS).raw
            texts = {name: part.raw for name, part in parts.items()} if isinstance(parts, Mapping) else {}
            if texts.get("source") and texts.get("version"):
                found[str(texts["source"]).rpartition("/")[2]] = str(texts["version"])
    return found


def version_for(kind: str, wanted: Mapping[str, str]) -> str:
    """The version of its plugin that a builder shall behave as; "" for the newest, and where it makes no difference."""
    constraint = next((constraint for name, constraint in wanted.items() if _belongs(kind, name)), "")
    if not constraint:
        return ""
    try:
        newest, *older = getattr(load("builders", kind), "plugin_versions", ()) or ("",)
    except UsageError:
        return ""
    if versions.allows(constraint, newest or "0"):
        return ""
    return next((version for version in older if versions.allows(constraint, version)), "")


def _check_version(body: nodes.Body, problems: Problems) -> None:
    argument = body.arguments.get("required_version")
    if argument is None:
        return
    constraint = _literal_text(argument.expression, "required_version", problems)
    if constraint is None:
        return
    try:
        satisfied = versions.allows(constraint, PACKER_VERSION)
    except ValueError:
        hint = 'Write it like ">= 1.7.0, < 2.0.0"'
        problems.add(f'"{constraint}" is not a version constraint', "", hint, argument.expression.location)
        return
    if not satisfied:
        detail = f"imagesmith keeps to the behaviour of Packer {PACKER_VERSION}"
        problems.add(f"The template needs Packer {constraint}", detail, "", argument.expression.location)


def _literal_text(node: nodes.Expression, name: str, problems: Problems) -> str | None:
    with problems.collecting():
        value = evaluate(node, _LITERALS)
        if value.type == STRING and isinstance(value.raw, str):
            return value.raw
        if value.is_null and name == "required_version":
            return None
        problems.add(f'"{name}" must be a plain string', location=node.location)
    return None


def _check_plugins(
    block: nodes.Block, seen: dict[str, nodes.Block], foreign: dict[str, str], problems: Problems
) -> None:
    refuse_unknown(block.body, "required_plugins", block.body.arguments, (), problems)
    for argument in block.body.arguments.values():
        if argument.name in seen:
            problems.add(f'The plugin "{argument.name}" is required twice', location=argument.location)
        seen[argument.name] = block
        source = _check_plugin(argument, problems)
        if source and not _is_built_in(source):
            foreign[argument.name] = source
        elif source:
            _check_name(argument, source.rpartition("/")[2], problems)


def _check_name(argument: nodes.Argument, plugin: str, problems: Problems) -> None:
    """A plugin is not required by a part's name: its parts would be called ``huaweicloud-ecs-ecs`` and the like."""
    if argument.name != plugin and _belongs(argument.name, plugin):
        what = f'The plugin "{plugin}" is required as "{argument.name}"'
        detail = f'Its parts would be called "{argument.name}-…" in this template, not "{plugin}-…"'
        problems.add(what, detail, f"Write {plugin} = {{ … }}", argument.location)


def _check_plugin(argument: nodes.Argument, problems: Problems) -> str | None:
    """The plugin's source; None, and the reason is noted, where it isn't clear."""
    parts = argument.expression
    hint = f'Write {argument.name} = {{ source = "github.com/…/…", version = ">= 1.0.0" }}'
    if not isinstance(parts, nodes.ObjectItems) or not _LOCAL_NAME.fullmatch(argument.name):
        problems.add(f'The required plugin "{argument.name}" needs a source and a version', "", hint, argument.location)
        return None
    texts: dict[str, str | None] = {}
    for key, value in parts.items:
        name = key.name if isinstance(key, nodes.Variable) else key.text.strip('"')
        if name not in ("source", "version"):
            problems.add(f'A required plugin has no "{name}"', "", hint, key.location)
            continue
        texts[name] = _literal_text(value, name, problems)
    if "source" not in texts or "version" not in texts:
        problems.add(f'The required plugin "{argument.name}" needs a source and a version', "", hint, parts.location)
        return None
    source = texts["source"]
    if source is not None and not _is_source(source):
        hint = 'Write it like "github.com/hashicorp/alicloud"'
        problems.add(f'"{source}" is not the source of a plugin', "", hint, parts.location)
        source = None
    try:
        versions.allows(texts["version"] or ">= 0", "1.0.0")
    except ValueError:
        problems.add(f'"{texts["version"]}" is not a version constraint', location=parts.location)
    return source


def _is_source(source: str) -> bool:
    pieces = source.split("/")
    return len(pieces) > 2 and all(pieces) and not any(mark in source for mark in ("://", "?", "#"))


def _is_built_in(source: str) -> bool:
    """Whether imagesmith does the plugin's work itself, now or in a later release; nothing is ever downloaded."""
    component = source.rpartition("/")[2]
    known = itertools.chain(NOT_YET["builders"], *map(names, _KINDS))
    return any(_belongs(name, component) for name in known)


def _belongs(name: str, component: str) -> bool:
    """Whether a component with this name is one of the plugin's, as ``amazon-ebs`` is of ``amazon``."""
    return name == component or name.startswith(component + "-")
