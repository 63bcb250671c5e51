"""A third party's whole plugin: a cloud that is a folder, whose things are files. Found as any installed package is."""

from __future__ import annotations

from pathlib import Path

from imagesmith import interfaces as api
from imagesmith.communicator import CommunicatorOptions
from imagesmith.options import option


class ToyEcs(CommunicatorOptions):
    """An image of the toy cloud. Template name: ``toy-ecs``."""

    builder_type = "toy-ecs"
    folder: str = option(doc="The folder that is the cloud.")
    image_name: str = option(doc="The name of the image.")
    communicator: str = "none"

    def open(self, lifecycle: api.Lifecycle) -> api.Provider:
        return ToyCloud(self, lifecycle)


class ToyCloud:
    """Every thing is a file named after its client token; deleting it is deleting the file."""

    def __init__(self, options: ToyEcs, run: api.Lifecycle) -> None:
        self.options, self.run, self.folder = options, run, Path(options.folder)

    def _make(self, kind: str, name: str = "") -> str:
        def make(token: str) -> str:
            (self.folder / f"{kind}-{token}").write_text(name)
            return f"{kind}-{token}"

        return self.run.own(kind, make, name=name)

    source_image = lambda self: api.SourceImage("toy-source")  # noqa: E731
    login = lambda self, source: api.Login("root")  # noqa: E731
    reserve_address = lambda self: api.ReservedAddress()  # noqa: E731
    reach = lambda self, machine, reserved: api.Address("127.0.0.1")  # noqa: E731
    destroy = lambda self, resource: (self.folder / resource.id).unlink(missing_ok=True)  # noqa: E731
    renew = stop = lambda self, machine: None
    console = lambda self, machine: ""  # noqa: E731
    password = lambda self, machine, login: login  # noqa: E731

    def network(self) -> api.Network:
        return api.Network(self._make("vpc"), self._make("subnet"), "")

    def launch(self, source: api.SourceImage, login: api.Login, network: api.Network) -> api.Machine:
        return api.Machine(self._make("instance"))

    def capture(self, machine: api.Machine) -> api.Image:
        self.run.keep("image", made := self._make("image", self.options.image_name))
        return api.Image(made, self.options.image_name, "toyland")

    def publish(self, image: api.Image) -> api.Artifact:
        return api.Artifact("toy.builder", image.id, f"A toy image: {image.id}", {image.region: image.id})

    def find(self, intent: api.Intent) -> str | None:
        return name if (self.folder / (name := f"{intent.kind}-{intent.token}")).exists() else None
