"""The provider: `imagesmith.interfaces.Provider` for Huawei Cloud, each method in its own module."""

from __future__ import annotations

from imagesmith.interfaces import (
    Address,
    Artifact,
    Image,
    Intent,
    Lifecycle,
    Login,
    Machine,
    Network,
    ReservedAddress,
    Resource,
    SourceImage,
)
from imagesmith_huaweicloud import address, destroy, image, lookup, network, publish, source, windows_password
from imagesmith_huaweicloud import login as logins
from imagesmith_huaweicloud import machine as machines
from imagesmith_huaweicloud.context import Context
from imagesmith_huaweicloud.options import HuaweicloudEcs


class HuaweicloudProvider:
    """One build's cloud, or that of a cleanup."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._prepared: machines.Preparation | None = None

    @classmethod
    def open(cls, options: HuaweicloudEcs, lifecycle: Lifecycle) -> HuaweicloudProvider:
        """Raises `imagesmith.errors.TemplateError` when there are no credentials."""
        return cls(Context.open(options, lifecycle))

    def source_image(self) -> SourceImage:
        found, self._prepared = self.context.run.together(
            lambda: source.source_image(self.context), lambda: machines.prepare(self.context)
        )
        return found

    def login(self, source: SourceImage) -> Login:
        return logins.login(self.context)

    def network(self) -> Network:
        return network.network(self.context)

    def reserve_address(self) -> ReservedAddress:
        return address.reserve(self.context)

    def launch(self, source: SourceImage, login: Login, network: Network) -> Machine:
        return machines.launch(self.context, source, login, network, self._prepared)

    def reach(self, machine: Machine, reserved: ReservedAddress) -> Address:
        return address.reach(self.context, machine, reserved)

    def password(self, machine: Machine, login: Login) -> Login:
        return windows_password.password(self.context, machine, login)

    def renew(self, machine: Machine) -> None:
        machines.renew(self.context, machine)

    def console(self, machine: Machine) -> str:
        return machines.console(self.context, machine)

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
