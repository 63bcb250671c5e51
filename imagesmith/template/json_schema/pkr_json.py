"""The schema of HCL2 templates in JSON (``*.pkr.json``)."""

from __future__ import annotations

from collections.abc import Mapping

from imagesmith import plugin
from imagesmith.template.json_schema.option_types import DURATION, TEMPLATED, Schema, body, later, plugins

_EXPRESSION: Schema = {"type": "string", "pattern": TEMPLATED}
_TEXT: Schema = {"type": "string"}
_TRUTH: Schema = {"anyOf": [{"type": ["boolean", "null"]}, {"enum": ["true", "false"]}, _EXPRESSION]}
_NAMES: Schema = {"anyOf": [{"type": "array", "items": {"type": "string"}}, _EXPRESSION]}
_COMMENT: Mapping[str, Schema] = {"//": {"description": "A comment."}}
_DYNAMIC: Mapping[str, Schema] = {"dynamic": {"type": ["object", "array"], "description": "Blocks made in a loop."}}
_STEP: Mapping[str, Schema] = {"name": _TEXT, "only": _NAMES, "except": _NAMES, **_COMMENT, **_DYNAMIC}
_PROVISIONER: Mapping[str, Schema] = {
    **_STEP,
    "pause_before": DURATION,
    "timeout": DURATION,
    "max_retries": {"anyOf": [{"type": ["integer", "null"], "minimum": 0}, {"type": "string"}]},
    "continue_on_error": _TRUTH,
    "override": {"anyOf": [{"type": ["object", "null"]}, _EXPRESSION]},
}
_POST_PROCESSOR: Mapping[str, Schema] = {**_STEP, "keep_input_artifact": _TRUTH}
_SOURCE: Mapping[str, Schema] = {**_COMMENT, **_DYNAMIC}


def template() -> Schema:
    """The whole schema."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Packer template (HCL2 in JSON)",
        **_block(_root()),
        "$defs": {
            **_bodies("builders", "source", _SOURCE),
            **_bodies("provisioners", "provisioner", _PROVISIONER),
            **_bodies("post_processors", "post-processor", _POST_PROCESSOR),
            "provisioner": _labelled("provisioners", "provisioner"),
            "post-processor": _labelled("post_processors", "post-processor"),
            # Here the label is "type.name", whose parts are looked up in the whole folder.
            "build-source": _several({"type": "object", "additionalProperties": {"type": ["object", "array"]}}),
        },
    }


def _root() -> Schema:
    variable: Schema = {
        "type": _TEXT | {"description": "The type, such as string, list(string) or map(number)."},
        "default": {},
        "description": _TEXT,
        "sensitive": {"type": "boolean"},
        "validation": _several(_block({"condition": {"type": "string"}, "error_message": _TEXT}, "condition")),
    }
    local: Schema = {"expression": {}, "sensitive": {"type": "boolean"}}
    anything = {"type": ["object", "array"]}
    return {
        "packer": _several(_block({"required_version": _TEXT, "required_plugins": _several(_plugins())})),
        "variable": _several({"type": "object", "additionalProperties": _several(_block(variable))}),
        "variables": _several({"type": "object"}),
        "local": _several({"type": "object", "additionalProperties": _several(_block(local, "expression"))}),
        "locals": _several({"type": "object"}),
        "data": anything,
        "source": _several(_sources()),
        "build": _several(_block(_build())),
        "hcp_packer_registry": anything,
        "communicator": anything,
    }


def _sources() -> Schema:
    """A name stands between the plugin's name and the body."""
    named: Schema = {}
    for name in plugins("builders"):
        bodies = {"type": "object", "properties": dict(_COMMENT), "additionalProperties": _ref(f"source-{name}")}
        named[name] = _several(bodies)
    named |= {name: {"type": ["object", "array"]} for name in later("builders")}
    return {"type": "object", "properties": {**named, **_COMMENT}, "additionalProperties": False}


def _build() -> Schema:
    steps: Schema = {name: _ref(name) for name in ("provisioner", "post-processor")}
    return {
        "name": _TEXT,
        "description": _TEXT,
        "sources": _NAMES,
        "source": _ref("build-source"),
        "provisioner": steps["provisioner"],
        "error-cleanup-provisioner": steps["provisioner"],
        "post-processor": steps["post-processor"],
        "post-processors": _several(_block({"post-processor": steps["post-processor"], **_DYNAMIC})),
        "hcp_packer_registry": {"type": ["object", "array"]},
        **_DYNAMIC,
    }


def _plugins() -> Schema:
    one = _block({"source": _TEXT, "version": _TEXT}, "source", "version")
    return {"type": "object", "additionalProperties": one, "properties": dict(_COMMENT)}


def _bodies(kind: plugin.Kind, noun: str, meta: Mapping[str, Schema]) -> Schema:
    """The body of each plugin's block.

    Nothing is required here: what a source lacks may stand in a build, what a step lacks in its override.
    """
    known = plugins(kind).items()
    return {f"{noun}-{name}": _several(body(options, meta, required=False)) for name, options in known}


def _labelled(kind: plugin.Kind, noun: str) -> Schema:
    """Blocks with the plugin's name as their label."""
    labels: Schema = {name: _ref(f"{noun}-{name}") for name in plugins(kind)}
    labels |= {name: {"type": ["object", "array"]} for name in later(kind)}
    return _several({"type": "object", "properties": {**labels, **_COMMENT}, "additionalProperties": False})


def _block(properties: Mapping[str, Schema], *required: str) -> Schema:
    found: Schema = {"type": "object", "properties": {**properties, **_COMMENT}, "additionalProperties": False}
    return found | {"required": list(required)} if required else found


def _several(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "array", "items": schema}]}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}
