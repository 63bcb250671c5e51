"""What the builders that make nothing in a cloud have in common: a provider whose steps have nothing to do."""

from __future__ import annotations

from imagesmith.interfaces import (
    Address,
    Image,
    Intent,
    Login,
    Machine,
    Network,
    ReservedAddress,
    Resource,
    SourceImage,
)


class WithoutCloud:
    """The part of `imagesmith.interfaces.Provider` that is the same for all of them; nothing is ever owned."""

    def source_image(self) -> SourceImage:
        """There is none."""
        return SourceImage("")

    def login(self, source: SourceImage) -> Login:
        """Nobody logs in."""
        return Login("")

    def network(self) -> Network:
        """There is none to make."""
        return Network("", "", "")

    def reserve_address(self) -> ReservedAddress:
        """None is wanted."""
        return ReservedAddress()

    def launch(self, source: SourceImage, login: Login, network: Network) -> Machine:
        """Nothing is started."""
        return Machine("")

    def reach(self, machine: Machine, reserved: ReservedAddress) -> Address:
        """There is nothing to wait for."""
        return Address("", kind="given")

    def password(self, machine: Machine, login: Login) -> Login:
        """Nobody has to wait for one."""
        return login

    def renew(self, machine: Machine) -> None:
        """No timer runs."""

    def console(self, machine: Machine) -> str:
        """The machine's console is not known."""
        return ""

    def stop(self, machine: Machine) -> None:
        """The machine is not ours."""

    def capture(self, machine: Machine) -> Image | None:
        """Nothing is made, unless a builder says otherwise."""
        return None

    def destroy(self, resource: Resource) -> None:
        """Nothing is ever owned."""

    def find(self, intent: Intent) -> str | None:
        """Nothing is ever made."""
        return None
