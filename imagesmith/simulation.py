"""Pointing a run at simulated clouds (``--simulate``): one cloud for all builds of its kind."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Self

from imagesmith import plugin
from imagesmith.communicator import CommunicatorOptions
from imagesmith.errors import UsageError
from imagesmith.interfaces import SimulatedCloud
from imagesmith.ssh_settings import is_loopback, jumps


class Simulation:
    """The simulated clouds of one run: ``given`` ones, and those started when the first build needs one.

    ``served`` is the address of a cloud that another process serves (``imagesmith simulate``); it is used by the builds
    of its kind.
    """

    def __init__(
        self, start_options: Mapping[str, object], given: Mapping[str, SimulatedCloud], served: str = ""
    ) -> None:
        self._start_options: Mapping[str, Any] = start_options
        self.served = served
        self._given = given
        self._clouds: dict[str, SimulatedCloud] = dict(given)

    def attach(self, builder_type: str, source: CommunicatorOptions) -> CommunicatorOptions:
        """The builder's options, pointed at its simulated cloud. Raises `UsageError` where there is none for it.

        Builders that work in no cloud are left as they are. Bastions are passed by unless they are on this host, too:
        from elsewhere simulated machines can't be reached.
        """
        if not source.in_a_cloud:
            return source
        name = _cloud_of(builder_type)
        if name not in self._clouds and name not in plugin.names("simulators"):
            raise UsageError(f'the builder "{builder_type}" can\'t be simulated')
        return _without_bastions(self._cloud(name).attach(source))

    def attach_data(self, data_type: str, options: Any) -> Any:
        """A data source's options, pointed at the same cloud; those that read no simulated cloud are left as they are.

        An `imagesmith.plan.AttachData`.
        """
        name = _cloud_of(data_type)
        known = name in self._clouds or name in plugin.names("simulators")
        return self._cloud(name).attach(options) if known else options

    @property
    def clouds(self) -> Mapping[str, SimulatedCloud]:
        """The clouds that have been started or were given, by name."""
        return self._clouds

    def _cloud(self, name: str) -> SimulatedCloud:
        if name not in self._clouds:
            kind = plugin.load("simulators", name)
            served = kind.at(self.served) if self.served else None
            lively = {"latencies": kind.lively_latencies}
            self._clouds[name] = served or kind.start(**(lively | dict(self._start_options)))
        return self._clouds[name]

    def inventory(self) -> tuple[str, ...]:
        """What the clouds hold now and did not hold at the start."""
        return tuple(line for cloud in self._clouds.values() for line in cloud.inventory())

    def close(self) -> None:
        """Stop the clouds that were started here, and their machines."""
        for name, cloud in self._clouds.items():
            if name not in self._given:
                cloud.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _without_bastions(source: CommunicatorOptions) -> CommunicatorOptions:
    if all(is_loopback(jump.host) for jump in jumps(source)):
        return source
    return dataclasses.replace(source, ssh_bastion_host="")


def _cloud_of(plugin_type: str) -> str:
    """``CLOUD`` for ``CLOUD-ecs`` and ``CLOUD-images``."""
    return plugin_type.rpartition("-")[0] or plugin_type
