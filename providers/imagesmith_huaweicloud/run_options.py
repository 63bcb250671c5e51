"""The options of the temporary instance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from imagesmith.errors import Diagnostic
from imagesmith.options import Duration, Options, option
from imagesmith_huaweicloud import user_data

USER_DATA_LIMIT = 32 * 1024
SHORTEST_LEASE_S = 40 * 60.0
"""ECS terminates an instance half an hour after now at the earliest; ten minutes more leave room for a renewal."""


class RunOptions(Options):
    """The temporary instance."""

    flavor: str = option(doc="The flavor (s6.large.2), by id or name.")
    availability_zone: str = option(
        default="", doc="The zone; by default one that sells the flavor, and another where that is sold out."
    )
    instance_name: str = option(default="", doc="The instance's name; by default the image's.")
    instance_metadata: Mapping[str, str] = option(default={}, doc="Metadata of the instance.")
    run_tags: Mapping[str, str] = option(default={}, doc="Tags of the instance.")
    agency_name: str = option(default="", doc="The agency that the instance may act as.")
    user_data: str = option(
        default="",
        secret=True,
        doc="User data for the first boot, plain or in base64. "
        "`{{.WinRMPassword}}` in them stands for the given `winrm_password`.",
    )
    user_data_file: str = option(default="", doc="A file with user data; it wins over user_data.")
    spot_pricing: bool = option(default=False, doc="Use a spot instance.")
    spot_maximum_price: str = option(default="", doc="The most to pay for it an hour; by default the on-demand price.")
    disable_stop_instance: bool = option(
        default=False, doc="Don't stop the instance but wait until it stops by itself (sysprep, shutdown)."
    )
    stop_timeout: Duration = option(
        default=600.0, doc="How long to wait until the instance has stopped; then its power is cut."
    )
    instance_ready_timeout: Duration = option(default=900.0, doc="How long to wait until the instance runs.")
    release_after: Duration = option(
        default=3600.0,
        doc="The cloud itself deletes the instance when nobody has renewed it for so long, at least 40m. "
        "It is renewed while the build lives.",
    )
    config_drive: bool = option(
        default=False, doc="Kept for templates that set it (0.4.0).", no_effect="ECS decides by the image"
    )
    force_delete: bool = option(
        default=False, doc="Kept for templates that set it (0.4.0).", no_effect="Instances are always deleted whole"
    )

    def problems(self) -> Iterator[Diagnostic]:
        yield from self._user_data_problems()
        if self.spot_maximum_price and not self.spot_pricing:
            yield Diagnostic(
                "spot_maximum_price has no effect",
                hint="it needs spot_pricing = true",
                severity="warning",
            )
        for key, value in self.instance_metadata.items():
            if len(key.encode()) > 255 or len(value.encode()) > 255:
                yield Diagnostic(f'instance_metadata: "{key[:40]}" is too long', hint="keys and values take 255 bytes")
        if len(self.run_tags) > 10 - 3:
            yield Diagnostic("there are too many run_tags", hint="an instance takes 7, beside those that name its run")
        if self.release_after < SHORTEST_LEASE_S:
            yield Diagnostic("release_after is too short", hint='write at least "40m"')
        yield from super().problems()

    def _user_data_problems(self) -> Iterator[Diagnostic]:
        path = Path(self.user_data_file).expanduser()
        if self.user_data_file and not path.is_file():
            yield Diagnostic(f'user_data_file: there is no file "{path}"')
        elif self.user_data_file and user_data.size(path.read_bytes()) > USER_DATA_LIMIT:
            yield Diagnostic(f'user_data_file: "{path}" is larger than 32 KiB', hint="ECS takes no more")
        if user_data.size(self.user_data.encode()) > USER_DATA_LIMIT:
            yield Diagnostic("user_data is larger than 32 KiB", hint="ECS takes no more")
