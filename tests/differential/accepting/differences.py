"""Where we don't agree with packer 1.6.6, and why. Everything else must be equal."""

from __future__ import annotations

from collections.abc import Mapping

_NOTHING_LEFT = "1.6.6 succeeds when -only and -except leave no build; later versions refuse, and so do we"
_LATER = "the option came after 1.6.6"
_NO_WAY = "it could only do nothing: 1.6.6 says that all is well and runs none of it"
_LENIENT_ZERO = "an empty list stands for an empty block"

DIFFERENCES: Mapping[str, str] = {
    "json: byte order mark": "Windows editors write one; it can't mean anything else",
    "json: template_dir in a variable": "packer_version is known in variables since 1.7",
    "json: shell without a machine": _NO_WAY,
    "json: file without a machine": _NO_WAY,
    "json: shell script a folder": "1.6.6 finds out when the machine is running; we say it before anything is made",
    "json: file {'content': 'a', 'destination': '/x'}": _LATER,
    "json: file {'source': '{{build `ID`}}', 'destination': '/x'}": "a path that only the run knows is not looked for",
    **{
        f"json: {flags}{more}": _NOTHING_LEFT
        for flags in ("-only unknown", "-only glob", "-except all")
        for more in ("", ", one broken")
    },
    'hcl2: required_version "1.6.6"': "we keep to the behaviour of Packer 1.16.0 and say so",
    "hcl2: local twice": "an error in later versions, because the order of files would decide",
    "hcl2: local that uses source": "1.6.6 lets source through and gives nothing; it exists in builds only",
    "hcl2: unused source of an unknown type": "only sources that a build uses are loaded: others may be other clouds'",
    "hcl2: reference []": "a build must have a source in later versions",
    "hcl2: build without sources": "a build must have a source in later versions",
    'hcl2: reference concat(["source.null.n"], [])': "a build's arguments are expressions in later versions",
    "hcl2: build name from a variable": "a build's arguments are expressions in later versions",
    "hcl2: meta override = { n = null }": "1.6.6 crashes",
    "hcl2: error cleanup": "the block came after 1.6.6",
    "hcl2: dynamic of no block of an unknown kind": "no block is made, so none is refused",
    'hcl2: cloud run_tags = { a = "b" }': _LATER,
    "hcl2: -var for an empty list": "an empty default says nothing of the type in later versions",
    "hcl2: -only braces": "1.6.6 says nothing of a pattern that it can't read",
    "hcl2: -only the bare name": _NOTHING_LEFT,
    "hcl2: -except all": _NOTHING_LEFT,
}

VALUES: Mapping[tuple[str, str], str] = {
    ("another duration", "-1"): "a negative limit can't be meant",
    ("another duration", "-1.5"): "a negative limit can't be meant",
    ("another duration", "'-5m'"): "a negative limit can't be meant",
    ("block", "[]"): _LENIENT_ZERO,
    ("blocks", "[[]]"): _LENIENT_ZERO,
}
