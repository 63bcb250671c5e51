"""The provider: `imagesmith.interfaces.Provider` for Alibaba Cloud, each method in its own module."""

from __future__ import annotations

from collections.abc import Callable

from imagesmith.interfaces import (
    Address,
    Artifact,
    Image,
    Intent,
    Lifecycle,
    Login,
    Machine,
    Network,
    Remote,
    ReservedAddress,
    Resource,
    SourceImage,
)
from imagesmith.waiting import CancelToken
from imagesmith_alicloud import address, assistant, destroy, image, lookup, network, publish, source
from imagesmith_alicloud import login as logins
from imagesmith_alicloud import machine as machines
from imagesmith_alicloud.context import Context
from imagesmith_alicloud.options import AlicloudEcs


class AlicloudProvider:
    """One build's cloud, or that of a cleanup."""

    def __init__(self, context: Context) -> None:
        self.context = context

    @classmethod
    def open(cls, options: AlicloudEcs, lifecycle: Lifecycle) -> AlicloudProvider:
        """Raises `imagesmith.errors.TemplateError` when there are no credentials."""
        return cls(Context.open(options, lifecycle))

    def source_image(self) -> SourceImage:
        return source.source_image(self.context)

    def login(self, source: SourceImage) -> Login:
        return logins.login(self.context, source)

    def network(self) -> Network:
        return network.network(self.context)

    def reserve_address(self) -> ReservedAddress:
        return address.reserve(self.context)

    def launch(self, source: SourceImage, login: Login, network: Network) -> Machine:
        return machines.launch(self.context, source, login, network)

    def reach(self, machine: Machine, reserved: ReservedAddress) -> Address:
        return address.reach(self.context, machine, reserved)

    def password(self, machine: Machine, login: Login) -> Login:
        return login

    def renew(self, machine: Machine) -> None:
        machines.renew(self.context, machine)

    def console(self, machine: Machine) -> str:
        return machines.console(self.context, machine)

    def opens(self, communicator: str) -> bool:
        return communicator == assistant.NAME

    def connect(self, machine: Machine, login: Login, *, cancel: CancelToken, console: Callable[[], str]) -> Remote:
        return assistant.connect(self.context, machine, login, cancel=cancel, console=console)

    def stop(self, machine: Machine) -> None:
        machines.stop(self.context, machine)

    def capture(self, machine: Machine) -> Image | None:
        return image.capture(self.context, machine)

    def publish(self, image: Image) -> Artifact:
        return publish.publish(self.context, image)

    def destroy(self, resource: Resource) -> None:
        destroy.destroy(self.context, resource)

    def find(self, intent: Intent) -> str | None:
        return lookup.find(self.context, intent)
