"""What every step of the provider works with: the options, the run, the cloud, and how the run marks its things."""

from __future__ import annotations

import dataclasses
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from imagesmith.interfaces import Lifecycle
from imagesmith_huaweicloud import credentials
from imagesmith_huaweicloud.options import HuaweicloudEcs
from imagesmith_huaweicloud.sdk import Cloud

RUN_TAG = "imagesmith.run"
TOKEN_TAG = "imagesmith.token"  # noqa: S105 - the name of a tag
STATE_TAG = "imagesmith.state"


@dataclass(frozen=True)
class Context:
    """One build's view of its cloud. ``name`` is what its things are called where the template says nothing.

    Most services take no client token and no tags on creation: what they make has ``name`` as part of a name that
    nothing else has, and is found again by that.
    """

    options: HuaweicloudEcs
    run: Lifecycle
    access: credentials.Access
    cloud: Cloud
    name: str = field(default="")

    @classmethod
    def open(cls, options: HuaweicloudEcs, run: Lifecycle) -> Context:
        """Find the credentials and open the clients; makes no call. Raises `TemplateError` without credentials."""
        access = credentials.resolve(options)
        return cls(options, run, access, Cloud(access, run), f"imagesmith-{run.run_id}-{uuid.uuid4().hex[:6]}")

    def at(self, region: str) -> Context:
        """The same in another region."""
        if region in ("", self.access.region):
            return self
        options = dataclasses.replace(self.options, region=region, project_id="", project_name="")
        access = credentials.resolve(options)
        return dataclasses.replace(self, access=access, cloud=Cloud(access, self.run))

    def own(self, kind: str, make: Callable[[str], str], name: str = "", **scope: str) -> str:
        """Make something through the lifecycle, in this region."""
        where = {"region": self.cloud.region, "run": self.run.run_id}
        return self.run.own(kind, make, name=name, scope=where | scope)

    def marks(self, token: str) -> dict[str, str]:
        """The tags by which an instance is found again."""
        return {RUN_TAG: self.run.run_id, TOKEN_TAG: token}


def utc(seconds: float) -> str:
    """A time as the API writes it: 2026-01-31T12:00:00Z."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
