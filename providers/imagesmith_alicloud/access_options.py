"""The options that say which account, region and endpoint is used; builder and import share them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from imagesmith.cloud_calls.endpoint import EndpointError, parse_endpoint
from imagesmith.errors import Diagnostic, MissingDependency
from imagesmith.options import Options, option

_LATER_ROLES = "RAM roles come with a later release; give an access key, or temporary keys with security_token"

_SDK = ("alibabacloud_ecs20140526", "alibabacloud_vpc20160428", "alibabacloud_tea_openapi")


def require_sdk() -> None:
    """Raise `MissingDependency` where the SDK is not installed; imports nothing."""
    if missing := [name for name in _SDK if find_spec(name) is None]:
        raise MissingDependency(f"the Alibaba Cloud SDK ({', '.join(missing)})", "alicloud")


class AccessOptions(Options):
    """Credentials, region and endpoints."""

    access_key: str = option(
        default="",
        env=("ALICLOUD_ACCESS_KEY",),
        secret=True,
        doc="The id of the access key. Needed unless a profile has it.",
    )
    secret_key: str = option(default="", env=("ALICLOUD_SECRET_KEY",), secret=True, doc="The secret of the access key.")
    security_token: str = option(
        default="", env=("SECURITY_TOKEN",), secret=True, doc="The STS token that belongs to a temporary access key."
    )
    region: str = option(
        default="",
        env=("ALICLOUD_REGION",),
        doc="The region to build in (cn-hangzhou). Needed unless a profile has it.",
    )
    profile: str = option(
        default="",
        env=("ALICLOUD_PROFILE",),
        doc="A profile in the aliyun command's file (modes AK and StsToken). Values of the template win over it.",
    )
    shared_credentials_file: str = option(
        default="",
        env=("ALICLOUD_SHARED_CREDENTIALS_FILE",),
        doc="That file; ~ and $HOME are expanded. By default ~/.aliyun/config.json.",
    )
    ram_role_name: str = option(
        default="", doc="Get credentials as this role of the ECS instance that we run on.", not_yet=_LATER_ROLES
    )
    ram_role_arn: str = option(default="", doc="Assume this role.", not_yet=_LATER_ROLES)
    ram_session_name: str = option(default="", doc="The session's name for ram_role_arn.", not_yet=_LATER_ROLES)
    custom_endpoint_ecs: str = option(
        default="",
        doc="Where the ECS API is: host, host:port or a full URL. Plain http:// is accepted for loopback only.",
    )
    custom_endpoint_vpc: str = option(
        default="",
        doc="Where the VPC API is, in the same form. Unset: the twin of custom_endpoint_ecs, or the region's.",
    )
    skip_region_validation: bool = option(
        default=False,
        doc="Kept for templates that set it.",
        no_effect="The region is not checked by a call of its own: an unknown one is told by the first call",
    )

    def problems(self) -> Iterator[Diagnostic]:
        if bool(self.access_key) != bool(self.secret_key) and not self.profile:
            missing = "secret_key" if self.access_key else "access_key"
            yield Diagnostic(f"{missing} is missing", hint="access_key and secret_key are given together")
        if not self.region and not self.profile:
            yield Diagnostic("a region must be given", hint='set region = "cn-hangzhou" or ALICLOUD_REGION')
        for name in ("custom_endpoint_ecs", "custom_endpoint_vpc"):
            if text := getattr(self, name):
                try:
                    parse_endpoint(text)
                except EndpointError as error:
                    yield Diagnostic(f'{name}: "{text}" is not an endpoint', hint=str(error))
        yield from super().problems()
