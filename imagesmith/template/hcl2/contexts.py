"""The names that blocks can use beside variables and locals: path, packer, source and build."""

from __future__ import annotations

import os
from collections.abc import Mapping

from imagesmith.template.hcl2.cty import (
    ANYTHING,
    BOOL,
    NUMBER,
    STRING,
    Type,
    Value,
    from_plain,
    object_of,
    string,
    unknown,
)
from imagesmith.template.hcl2.scope import Scope, Surroundings
from imagesmith.version import PACKER_VERSION

RUNTIME_NAMES: Mapping[str, Type] = {
    "ID": STRING,
    "Host": STRING,
    "Port": NUMBER,
    "User": STRING,
    "Password": STRING,
    "ConnType": STRING,
    "PackerRunUUID": STRING,
    "PackerHTTPPort": STRING,
    "PackerHTTPIP": STRING,
    "PackerHTTPAddr": STRING,
    "SSHPublicKey": STRING,
    "SSHPrivateKey": STRING,
    "SSHPrivateKeyFile": STRING,
    "SSHAgentAuth": BOOL,
    "WinRMPassword": STRING,
}
"""What ``build`` always has, beside ``build.name``; real values exist only at run time."""

_ABSENT = {
    "data": "The template declares no data sources",
    "build": "It exists in provisioners and post-processors only",
    "source": "It exists in source blocks, provisioners and post-processors only",
    "local": "The template declares no locals",
    "each": "Use the iterator of a dynamic block",
    "self": "Use source or build",
}


def base(surroundings: Surroundings, variables: Mapping[str, Value]) -> Scope:
    """What is known everywhere outside of variable blocks, except for locals."""
    paths = {"root": surroundings.root, "cwd": surroundings.working}
    names = {
        "var": object_of(variables),
        "path": object_of({name: string(path.replace(os.sep, "/")) for name, path in paths.items()}),
        "packer": object_of(
            {"version": string(PACKER_VERSION), "iterationID": ANYTHING, "versionFingerprint": ANYTHING}
        ),
    }
    return Scope(names, surroundings, absent=_ABSENT)


def source(kind: str, name: str) -> Value:
    """The value of ``source``."""
    return object_of({"type": string(kind), "name": string(name)})


def build(block_name: str, runtime: Mapping[str, object] | None) -> Value:
    """The value of ``build``: unknown values while ``runtime`` is None."""
    values = {name: unknown(kind) for name, kind in RUNTIME_NAMES.items()}
    if runtime is not None:
        values = {name: from_plain("") for name in RUNTIME_NAMES}
        values.update({name: from_plain(value) for name, value in runtime.items()})
    return object_of({**values, "name": string(block_name)})
