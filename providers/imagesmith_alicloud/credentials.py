"""Whose account is used: the template, then the environment (both are in the options), then a profile.

Source: the file of the aliyun command, ``{"profiles": [{"name", "mode", "region_id", "access_key_id", …}]}``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imagesmith import redact
from imagesmith.cloud_calls.endpoint import Endpoint, parse_endpoint
from imagesmith.errors import Diagnostic, TemplateError
from imagesmith.interfaces import secret
from imagesmith_alicloud.access_options import AccessOptions
from imagesmith_alicloud.endpoints import region_endpoint, vpc_twin


@dataclass(frozen=True, slots=True)
class Access:
    """An account, a region and where its APIs are."""

    region: str
    ecs: Endpoint
    vpc: Endpoint
    access_key: str = secret()
    secret_key: str = secret()
    security_token: str = secret()


def resolve(options: AccessOptions) -> Access:
    """The access that the options describe. Raises `TemplateError` when a part of it is nowhere to be found."""
    profile = _profile(options) if options.profile else {}
    key, key_secret, token = options.access_key, options.secret_key, options.security_token
    if not (key and key_secret) and profile:
        key, key_secret = str(profile.get("access_key_id", "")), str(profile.get("access_key_secret", ""))
        token = str(profile.get("sts_token", "")) if profile.get("mode") == "StsToken" else ""
        redact.register(key, key_secret, token)
    region = options.region or str(profile.get("region_id", ""))
    if not key or not key_secret:
        raise _missing("access_key and secret_key", "ALICLOUD_ACCESS_KEY and ALICLOUD_SECRET_KEY")
    if not region:
        raise _missing("region", "ALICLOUD_REGION")
    _check_spelling("access_key", key)
    _check_spelling("security_token", token)
    ecs, vpc = endpoints(options, region)
    return Access(region, ecs, vpc, key, key_secret, token)


def _check_spelling(name: str, value: str) -> None:
    """Refuse what no HTTP header can carry; the value itself is never told."""
    if value.isascii() and value.isprintable() and " " not in value:
        return
    hint = "It may have been copied with a line break, a space or a letter that is none"
    raise TemplateError([Diagnostic(f"alicloud-ecs: {name} has characters that no such value has", hint=hint)])


def endpoints(options: AccessOptions, region: str) -> tuple[Endpoint, Endpoint]:
    """The ECS and the VPC endpoint."""
    given_ecs, given_vpc = options.custom_endpoint_ecs, options.custom_endpoint_vpc
    ecs = parse_endpoint(given_ecs) if given_ecs else region_endpoint("ecs", region)
    if given_vpc:
        return ecs, parse_endpoint(given_vpc)
    return ecs, vpc_twin(ecs, region)


def _missing(what: str, variables: str) -> TemplateError:
    hint = f"Set them in the template, as {variables} in the environment, or name a profile"
    return TemplateError([Diagnostic(f"alicloud-ecs: there is no {what}", hint=hint)])


def _profile(options: AccessOptions) -> Mapping[str, Any]:
    path = _credentials_file(options)
    name = options.profile
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        profiles = [entry for entry in data["profiles"] if isinstance(entry, dict)]
    except OSError as error:
        raise _refused(f'profile "{name}": can\'t read "{path}": {error.strerror}') from None
    except (ValueError, KeyError, TypeError):
        raise _refused(f'profile "{name}": "{path}" is not a file of the aliyun command') from None
    found = next((entry for entry in profiles if entry.get("name") == name), None)
    if found is None:
        known = ", ".join(str(entry.get("name")) for entry in profiles)
        raise _refused(f'there is no profile "{name}" in "{path}"', f"it has {known}" if known else "it has none")
    if (mode := found.get("mode", "AK")) not in ("AK", "StsToken"):
        raise _refused(f'profile "{name}" has the mode {mode}, which is not supported yet', "use AK or StsToken")
    return found


def _credentials_file(options: AccessOptions) -> Path:
    given = options.shared_credentials_file or "~/.aliyun/config.json"
    return Path(os.path.expandvars(given)).expanduser()


def _refused(summary: str, hint: str = "") -> TemplateError:
    return TemplateError([Diagnostic(f"alicloud-ecs: {summary}", hint=hint)])
