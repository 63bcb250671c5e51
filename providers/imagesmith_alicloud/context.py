"""What every step of the provider works with: the options, the run, the cloud, and how the run marks its things."""

from __future__ import annotations

import dataclasses
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from imagesmith.interfaces import Lifecycle
from imagesmith_alicloud import credentials
from imagesmith_alicloud.options import AlicloudEcs
from imagesmith_alicloud.sdk import Cloud

AnyTag = TypeVar("AnyTag")

RUN_TAG = "imagesmith:run"
TOKEN_TAG = "imagesmith:token"  # noqa: S105 - the name of a tag
EXPIRES_TAG = "imagesmith:expires"
STATE_TAG = "imagesmith:state"
_LONGEST_RUN_S = 24 * 3600.0


@dataclass(frozen=True)
class Context:
    """One build's view of its cloud. ``name`` is what its things are called where the template says nothing."""

    options: AlicloudEcs
    run: Lifecycle
    access: credentials.Access
    cloud: Cloud
    name: str = field(default="")

    @classmethod
    def open(cls, options: AlicloudEcs, run: Lifecycle) -> Context:
        """Find the credentials and open the clients; makes no call. Raises `TemplateError` without credentials."""
        access = credentials.resolve(options)
        return cls(options, run, access, Cloud(access, run), f"imagesmith-{run.run_id}-{uuid.uuid4().hex[:6]}")

    def at(self, region: str) -> Context:
        """The same in another region."""
        if region in ("", self.access.region):
            return self
        ecs, vpc = credentials.endpoints(self.options, region)
        access = dataclasses.replace(self.access, region=region, ecs=ecs, vpc=vpc)
        return dataclasses.replace(self, access=access, cloud=Cloud(access, self.run))

    @property
    def force(self) -> bool:
        """Whether an image of the same name is to be replaced."""
        return self.options.image_force_delete or self.run.force

    def own(self, kind: str, make: Callable[[str], str], name: str = "") -> str:
        """Make something through the lifecycle, in this region."""
        return self.run.own(kind, make, name=name, scope={"region": self.cloud.region, "run": self.run.run_id})

    def marks(self, token: str) -> dict[str, str]:
        """The tags by which something temporary is found again, and after which time it is surely forgotten."""
        lifetime = max(_LONGEST_RUN_S, 2 * self.options.release_after)
        return {RUN_TAG: self.run.run_id, TOKEN_TAG: token, EXPIRES_TAG: utc(time.time() + lifetime)}


def utc(seconds: float) -> str:
    """A time as the API writes it: 2026-01-31T12:00:00Z."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def as_tags(model: Callable[..., AnyTag], tags: Mapping[str, str]) -> list[AnyTag]:
    """Tags as a request's own tag model has them."""
    return [model(key=key, value=value) for key, value in tags.items()]


def tags_of(entry: Mapping[str, Any]) -> dict[str, str]:
    """The tags in an answer; ECS writes TagKey and TagValue, VPC writes Key and Value."""
    listed = (entry.get("Tags") or {}).get("Tag") or []
    return {str(tag.get("TagKey", tag.get("Key"))): str(tag.get("TagValue", tag.get("Value", ""))) for tag in listed}


def items(answer: Mapping[str, Any], outer: str, inner: str) -> list[Mapping[str, Any]]:
    """The list in an answer: ``{"Vpcs": {"Vpc": [...]}}``."""
    return list((answer.get(outer) or {}).get(inner) or [])
