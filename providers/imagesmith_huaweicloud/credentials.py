"""Whose account is used: the template, then the environment (both are in the options), a profile, the SDK's own chain.

Source: the file of the hcloud command, ``{"current", "profiles": [{"name", "mode", "accessKeyId", …}]}``, as the
Terraform provider reads it.
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
from imagesmith_huaweicloud.access_options import AccessOptions
from imagesmith_huaweicloud.endpoints import SERVICES, domain_for, endpoint


@dataclass(frozen=True, slots=True)
class Access:
    """An account, a region and where its APIs are.

    Without ``access_key`` the SDK's chain is asked: its environment variables and file, OIDC, the ECS agency.
    """

    region: str
    domain: str
    project_id: str = ""
    project_name: str = ""
    insecure: bool = False
    endpoints: tuple[tuple[str, Endpoint], ...] = ()
    access_key: str = secret()
    secret_key: str = secret()
    security_token: str = secret()

    def endpoint(self, service: str) -> Endpoint:
        """Where a service is."""
        return dict(self.endpoints)[service]


def resolve(options: AccessOptions) -> Access:
    """The access that the options describe. Raises `TemplateError` when a part of it is nowhere to be found."""
    profile = _profile(options) if options.profile else {}
    key, key_secret, token = options.access_key, options.secret_key, options.security_token
    if not (key and key_secret) and profile:
        key, key_secret = str(profile.get("accessKeyId", "")), str(profile.get("secretAccessKey", ""))
        token = str(profile.get("securityToken", ""))
        redact.register(key, key_secret, token)
    region = options.region or str(profile.get("region", ""))
    if not region:
        raise _refused(
            "there is no region", "Set it in the template, as HW_REGION_NAME, or name a profile that has one"
        )
    for name, value in (("access_key", key), ("security_token", token)):
        _check_spelling(name, value)
    domain = domain_for(region, cloud=options.cloud, auth_url=options.auth_url)
    return Access(
        region=region,
        domain=domain,
        project_id=options.project_id or str(profile.get("projectId", "")),
        project_name=options.project_name or region,
        insecure=options.insecure,
        endpoints=tuple((service, _endpoint(options, service, region, domain)) for service in SERVICES),
        access_key=key,
        secret_key=key_secret,
        security_token=token,
    )


def _endpoint(options: AccessOptions, service: str, region: str, domain: str) -> Endpoint:
    if given := options.endpoints.get(service):
        return parse_endpoint(given, path_allowed=True)
    if service == "iam" and options.auth_url:
        return parse_endpoint(options.auth_url, path_allowed=True)
    return endpoint(service, region, domain)


def _check_spelling(name: str, value: str) -> None:
    """Refuse what no HTTP header can carry; the value itself is never told."""
    if value.isascii() and value.isprintable() and " " not in value:
        return
    hint = "It may have been copied with a line break, a space or a letter that is none"
    raise _refused(f"{name} has characters that no such value has", hint)


def _profile(options: AccessOptions) -> Mapping[str, Any]:
    path = Path(os.path.expandvars(options.shared_config_file or "~/.hcloud/config.json")).expanduser()
    name = options.profile
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        profiles = [entry for entry in data["profiles"] if isinstance(entry, dict)]
    except OSError as error:
        raise _refused(f'profile "{name}": can\'t read "{path}": {error.strerror}') from None
    except (ValueError, KeyError, TypeError):
        raise _refused(f'profile "{name}": "{path}" is not a file of the hcloud command') from None
    found = next((entry for entry in profiles if entry.get("name") == name), None)
    if found is None:
        known = ", ".join(str(entry.get("name")) for entry in profiles)
        raise _refused(f'there is no profile "{name}" in "{path}"', f"it has {known}" if known else "it has none")
    if (mode := str(found.get("mode", "AKSK"))).upper() != "AKSK":
        raise _refused(f'profile "{name}" has the mode {mode}', "only profiles with access keys (AKSK) can be used")
    return found


def _refused(summary: str, hint: str = "") -> TemplateError:
    return TemplateError([Diagnostic(f"huaweicloud-ecs: {summary}", hint=hint)])
