"""The options that say which account, region and endpoints are used; builder and import share them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.util import find_spec

from imagesmith.cloud_calls.endpoint import EndpointError, parse_endpoint
from imagesmith.errors import Diagnostic, MissingDependency
from imagesmith.options import Options, option
from imagesmith_huaweicloud.endpoints import SERVICES, domain_of

_SDK = tuple(f"huaweicloudsdk{name}" for name in ("core", "cbr", "ecs", "eip", "evs", "iam", "ims", "vpc"))


def require_sdk() -> None:
    """Raises `MissingDependency` unless the SDK's packages are installed; imports none of them."""
    if missing := [name for name in _SDK if find_spec(name) is None]:
        raise MissingDependency(f"the Huawei Cloud SDK ({', '.join(missing)})", "huaweicloud")


class AccessOptions(Options):
    """Credentials, region and endpoints."""

    access_key: str = option(
        default="",
        env=("HW_ACCESS_KEY",),
        secret=True,
        doc="The access key (AK). Without one a profile or what the SDK's own chain finds is used.",
    )
    secret_key: str = option(default="", env=("HW_SECRET_KEY",), secret=True, doc="The secret key (SK).")
    security_token: str = option(
        default="", env=("HW_SECURITY_TOKEN",), secret=True, doc="The token that belongs to a temporary access key."
    )
    region: str = option(default="", env=("HW_REGION_NAME",), doc="The region to build in (cn-north-4).")
    project_id: str = option(
        default="", env=("HW_PROJECT_ID",), doc="The project's id; unset: looked up by name when the build starts."
    )
    project_name: str = option(
        default="", env=("HW_PROJECT_NAME",), doc="The project's name for that look-up; unset: the region's own."
    )
    auth_url: str = option(
        default="",
        env=("HW_AUTH_URL",),
        doc="Where IAM is; a partner cloud's domain is taken from it (https://iam.eu-de.otc.t-systems.com:443/v3).",
    )
    cloud: str = option(
        default="", doc="The cloud's domain (myhuaweicloud.com); unset: that of auth_url, or Huawei's for the region."
    )
    endpoints: Mapping[str, str] = option(
        default={},
        doc="Endpoints by service (" + ", ".join(SERVICES) + "), where they follow no rule: host, host:port or a full "
        "URL. Plain http:// is accepted for loopback only.",
    )
    insecure: bool = option(default=False, doc="Don't check the certificates of the endpoints.")
    profile: str = option(
        default="", env=("HW_PROFILE",), doc="A profile in shared_config_file. Values of the template win over it."
    )
    shared_config_file: str = option(
        default="",
        env=("HW_SHARED_CONFIG_FILE",),
        doc="The file of the hcloud command with profiles. By default ~/.hcloud/config.json.",
    )
    enterprise_project_id: str = option(
        default="",
        env=("HW_ENTERPRISE_PROJECT_ID",),
        doc="The enterprise project of everything that is made and can be in one.",
    )

    def problems(self) -> Iterator[Diagnostic]:
        if bool(self.access_key) != bool(self.secret_key) and not self.profile:
            missing = "secret_key" if self.access_key else "access_key"
            yield Diagnostic(f"{missing} is missing", hint="access_key and secret_key are given together")
        if not self.region and not self.profile:
            yield Diagnostic("a region must be given", hint='set region = "cn-north-4" or HW_REGION_NAME')
        if self.auth_url:
            try:
                domain_of(self.auth_url)
            except EndpointError as error:
                yield Diagnostic(f'auth_url: "{self.auth_url}" is not an address of IAM', hint=str(error))
        yield from self._endpoint_problems()
        yield from super().problems()

    def _endpoint_problems(self) -> Iterator[Diagnostic]:
        for service, text in self.endpoints.items():
            if service not in SERVICES:
                yield Diagnostic(f'endpoints: there is no service "{service}"', hint=f"known are {', '.join(SERVICES)}")
            try:
                parse_endpoint(text, path_allowed=True)
            except EndpointError as error:
                yield Diagnostic(f'endpoints: "{text}" is not an endpoint', hint=str(error))
