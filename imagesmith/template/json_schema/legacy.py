"""The schema of Packer's legacy JSON templates."""

from __future__ import annotations

from collections.abc import Mapping

from imagesmith import plugin
from imagesmith.template.json_schema.option_types import DURATION, Schema, body, later, plugins

_NAMES: Schema = {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]}
_RETRIES: Schema = {"type": ["integer", "string"], "description": "How often to try again after a failure."}
_SELECTION: Mapping[str, Schema] = {
    "only": _NAMES | {"description": "Only for the builders with these names."},
    "except": _NAMES | {"description": "Not for the builders with these names."},
}
_BUILDER: Mapping[str, Schema] = {"name": {"type": "string", "description": "The build's name; default: the type."}}
_PROVISIONER: Mapping[str, Schema] = {
    **_SELECTION,
    "override": {"type": "object", "additionalProperties": {"type": "object"}, "description": "Options per builder."},
    "pause_before": DURATION | {"description": "How long to wait before it runs."},
    "timeout": DURATION | {"description": "How long it may take."},
    "max_retries": _RETRIES,
}
_POST_PROCESSOR: Mapping[str, Schema] = {
    **_SELECTION,
    "name": {"type": "string", "description": "What -except can name."},
    "keep_input_artifact": {"type": ["boolean", "null"], "description": "Keep what it was given."},
}
_KINDS: tuple[tuple[plugin.Kind, str, Mapping[str, Schema]], ...] = (
    ("builders", "builder", _BUILDER),
    ("provisioners", "provisioner", _PROVISIONER),
    ("post_processors", "post-processor", _POST_PROCESSOR),
)


def template() -> Schema:
    """The whole schema."""
    found: Schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Packer template (legacy JSON)",
        "type": "object",
        "required": ["builders"],
        "properties": _root(),
        "patternProperties": {"^_": {"type": "string", "description": "A comment."}},
        "additionalProperties": False,
        "$defs": {},
    }
    for kind, noun, meta in _KINDS:
        found["$defs"] |= _definitions(kind, noun, meta)
    return found


def _root() -> Schema:
    chain = {"anyOf": [_ref("post-processor"), {"type": "array", "items": _ref("post-processor")}]}
    return {
        "min_packer_version": {"type": "string", "description": "The lowest version of Packer that will do."},
        "description": {"type": "string"},
        "variables": {
            "type": "object",
            "description": "User variables with their defaults; null makes a variable required.",
            "additionalProperties": {"type": ["string", "null"]},
        },
        "sensitive-variables": {"type": "array", "items": {"type": "string"}, "description": "Never shown."},
        "builders": {"type": "array", "minItems": 1, "items": _ref("builder")},
        "provisioners": {"type": "array", "items": _ref("provisioner")},
        "error-cleanup-provisioner": _ref("provisioner"),
        "post-processors": {"type": "array", "items": chain},
        "push": {"description": "Has no effect.", "deprecated": True},
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _definitions(kind: plugin.Kind, noun: str, meta: Mapping[str, Schema]) -> Schema:
    """One definition per plugin, and one that chooses among them by ``type``."""
    found: Schema = {}
    known = plugins(kind)
    for name, options in known.items():
        common = {"type": {"const": name}, **meta}
        block = body(options, common, required=True)
        # What is missing may come from the override of each builder.
        if "override" in meta and "allOf" in block:
            block["if"], block["then"] = {"not": {"required": ["override"]}}, {"allOf": block.pop("allOf")}
        found[f"{noun}-{name}"] = block
    chosen: Schema = {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"enum": [*known, *later(kind)]}},
        "allOf": [
            {"if": {"required": ["type"], "properties": {"type": {"const": name}}}, "then": _ref(f"{noun}-{name}")}
            for name in known
        ],
    }
    if kind == "post_processors":
        chosen = {"if": {"type": "string"}, "then": {"enum": [*known, *later(kind)]}, "else": chosen}
    found[noun] = chosen
    return found
