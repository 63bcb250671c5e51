"""What a cloud, a way into a machine, a provisioner and a post-processor look like to a build.

The protocols are as small as one build needs. All values that cross these lines are frozen dataclasses of plain data,
with units in the names where there are any, so that a step's result can be written to the ledger and read back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar, runtime_checkable
from urllib.parse import urlsplit

from imagesmith.waiting import CancelToken, Patience, Pending

if TYPE_CHECKING:
    from imagesmith.communicator import CommunicatorOptions

AnyOptions = TypeVar("AnyOptions")

T = TypeVar("T")
T1 = TypeVar("T1")
T2 = TypeVar("T2")
T3 = TypeVar("T3")


def secret(default: str = "") -> str:
    """A dataclass field that is never shown and never written to the ledger."""
    return field(default=default, repr=False, metadata={"secret": True})


@dataclass(frozen=True, slots=True)
class SourceImage:
    """The image that the instance starts from."""

    id: str
    name: str = ""
    os: Literal["linux", "windows"] = "linux"
    size_gib: int = 0
    architecture: str = ""


@dataclass(frozen=True, slots=True)
class Login:
    """How to log in: the user, and a key or a password (or both).

    ``key_name`` is the cloud's key pair; ``temporary``: the key was made for this run and must not stay in the image.
    ``password_later``: the guest makes its password itself when it first starts; `Provider.password` gets it.
    """

    username: str
    key_name: str = ""
    public_key: str = ""
    temporary: bool = False
    password_later: bool = False
    private_key: str = secret()
    password: str = secret()


@dataclass(frozen=True, slots=True)
class Network:
    """Where the instance is attached: VPC, subnet (vSwitch), security group and zone, found or made.

    ``more_subnet_ids`` get a network interface each, ``more_security_group_ids`` apply beside the first.
    """

    vpc_id: str
    subnet_id: str
    security_group_id: str
    zone: str = ""
    more_subnet_ids: tuple[str, ...] = ()
    more_security_group_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReservedAddress:
    """A public address that waits for its instance; ``id`` is empty where none is wanted."""

    id: str = ""
    host: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """The temporary instance."""

    id: str
    name: str = ""
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the instance is reached. ``port`` is set only where the address itself dictates one."""

    host: str
    port: int | None = None
    kind: Literal["eip", "public", "private", "given"] = "public"

    @classmethod
    def parse(cls, text: str, kind: Literal["eip", "public", "private", "given"]) -> Address:
        """The address in a text; one that carries a port (a gateway, a simulated cloud) dictates it."""
        if text.count(":") > 1 and not text.startswith("["):
            return cls(text, None, kind)
        parts = urlsplit(f"//{text}")
        return cls(parts.hostname or text, parts.port, kind)


@dataclass(frozen=True, slots=True)
class Image:
    """A finished image and what belongs to it: its snapshots, and further images (one for each data disk)."""

    id: str
    name: str
    region: str
    snapshot_ids: tuple[str, ...] = ()
    more_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a build or a post-processor made.

    ``id`` and ``builder_id`` are exactly the plugins' (``cn-beijing:m-1,cn-hangzhou:m-2``); ``description`` is what
    people see; ``images`` maps region to image id; ``generated`` are the run-time values that post-processors may use
    (private key and password among them; what a build returns has none).
    """

    builder_id: str
    id: str
    description: str
    images: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    name: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    generated: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Resource:
    """Something that a run made in a cloud: data, never a closure. ``scope`` tells where it is (region, …)."""

    kind: str
    id: str
    name: str = ""
    scope: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Intent:
    """Something that a run is about to make; by its unique name, its client token or its tags it can be found again.

    A create that is repeated because nobody knows what it has made is an intent once more, its next ``attempt``.
    ``besides``: ids that the run knows already; a look-up by name or tag is for another one.
    """

    kind: str
    token: str
    name: str = ""
    scope: Mapping[str, str] = field(default_factory=dict)
    attempt: int = 1
    besides: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a remote command ended. ``exit_status`` is None when the connection broke before it was told."""

    exit_status: int | None
    stdout: str = ""
    stderr: str = ""
    signal: str = ""


OutputSink = Callable[[Literal["stdout", "stderr"], str], None]
"""Gets each line of a command's output as it comes, without its line end."""

Ask = Callable[[str], str | None]
"""Shows a prompt and returns the answer; None where nobody can be asked."""


class Lifecycle(Protocol):
    """What a running build offers to its provider. Implemented by `imagesmith.lifecycle.Run`."""

    @property
    def run_id(self) -> str:
        """The run's unique id, fit for names and tags."""
        ...

    @property
    def build_name(self) -> str:
        """The build's full name."""
        ...

    @property
    def force(self) -> bool:
        """Whether ``-force`` was given."""
        ...

    @property
    def debug(self) -> bool:
        """Whether ``-debug`` was given."""
        ...

    @property
    def cancel(self) -> CancelToken:
        """Set when the build shall stop. During teardown this is another token that only a deadline sets."""
        ...

    def own(
        self,
        kind: str,
        make: Callable[[str], str],
        *,
        name: str = "",
        scope: Mapping[str, str] | None = None,
    ) -> str:
        """Make a resource and own it from that instant; returns its id.

        Writes an intent to the ledger, calls ``make`` with a client token (32 hex digits, the same at every retry) and
        records the id that it returns. If the answer is lost, the resource is looked for with the provider's ``find``
        before ``make`` is called again. This is the only way to create anything in a cloud.
        """
        ...

    def keep(self, kind: str, identity: str) -> None:
        """The resource has become the result (a finished image): teardown leaves it alone from now on."""
        ...

    def gone(self, kind: str, identity: str) -> None:
        """The resource has been deleted on the way (a temporary image)."""
        ...

    def became(self, kind: str, identity: str, into_kind: str, into_identity: str) -> None:
        """The resource has turned into another: the job that makes an image is over, and there is the image."""
        ...

    def wait_until(self, what: str, probe: Callable[[], T | Pending], patience: Patience) -> T:
        """Wait as `imagesmith.waiting.wait_until` does, with this build's clock, cancel token and progress events."""
        ...

    def together(self, first: Callable[[], T1], second: Callable[[], T2]) -> tuple[T1, T2]:
        """Run two independent pieces of work side by side; when one fails the other is still waited for."""
        ...

    def say(self, text: str, level: Literal["debug", "info", "warning", "error"] = "info") -> None:
        """Tell people something."""
        ...


@runtime_checkable
class Provider(Protocol):
    """One cloud, for one build. Every method may raise `imagesmith.errors.CloudError` and the wait errors."""

    def source_image(self) -> SourceImage:
        """Look up the source image and refuse at once what would only fail later (a taken name). Creates nothing."""
        ...

    def login(self, source: SourceImage) -> Login:
        """A temporary key pair, the user's own key or a password."""
        ...

    def network(self) -> Network:
        """The user's network, or a temporary one with a single open port."""
        ...

    def reserve_address(self) -> ReservedAddress:
        """Allocate the public address (EIP) where one is wanted."""
        ...

    def launch(self, source: SourceImage, login: Login, network: Network) -> Machine:
        """Create the instance, with tags and the dead-man timer, and return as soon as it is owned."""
        ...

    def reach(self, machine: Machine, reserved: ReservedAddress) -> Address:
        """Wait until the instance can have an address, attach it, return it."""
        ...

    def password(self, machine: Machine, login: Login) -> Login:
        """Wait for the password that the guest makes itself; asked only where the login is to get one later."""
        ...

    def renew(self, machine: Machine) -> None:
        """Push the instance's dead-man timer back; called in the background while the build lives."""
        ...

    def console(self, machine: Machine) -> str:
        """The guest's console text so far; "" where the cloud has none."""
        ...

    def stop(self, machine: Machine) -> None:
        """Stop the instance, or wait until it has stopped by itself where the template says so."""
        ...

    def capture(self, machine: Machine) -> Image | None:
        """Snapshot and image; returns when the image is good, after `Lifecycle.keep`. None where none is wanted."""
        ...

    def publish(self, image: Image) -> Artifact:
        """Tags, copies, sharing. A failure here never costs the image."""
        ...

    def destroy(self, resource: Resource) -> None:
        """Delete and see it gone; a resource that does not exist counts as deleted. Idempotent.

        Raises `imagesmith.errors.Conflict` while something still uses it (the caller tries again later).
        """
        ...

    def find(self, intent: Intent) -> str | None:
        """The id of what an intent has made, by token, name or tag; None if it was never made. Read-only."""
        ...


class BuilderOptions(Protocol):
    """The option class of a builder, which is also what library users construct.

    Besides these members it is an `imagesmith.options.Options` and a `CommunicatorOptions`.
    """

    @property
    def builder_type(self) -> str:
        """The name in templates (``CLOUD-ecs``)."""
        ...

    def open(self, lifecycle: Lifecycle) -> Provider:
        """The provider for one build, or for a cleanup. The SDK is imported here and not before."""
        ...


class Remote(Protocol):
    """An open way into a machine. Raises `ConnectionLost`, `TransferError` and what the cancel token says."""

    def run(
        self,
        command: str,
        *,
        output: OutputSink | None = None,
        stdin: bytes | None = None,
        cancel: CancelToken | None = None,
    ) -> CommandResult:
        """Run a command; each line goes to ``output`` as it comes, or is collected in the result without it.

        When ``cancel`` (default: the connection's own token) is set, the remote process group is killed first.
        If no session can be opened the connection is made anew once, which is how reboots are survived.
        """
        ...

    def upload(self, content: bytes | Path, destination: str, *, mode: int | None = None) -> None:
        """Write a remote file. ``mode`` is its permission bits; by default the local file's, or 0644 for bytes."""
        ...

    def upload_tree(self, source: Path, destination: str, *, contents_only: bool = False) -> None:
        """Copy a folder to ``destination/<name>``, or with ``contents_only`` what is in it to ``destination``."""
        ...

    def download(self, source: str, destination: Path) -> None:
        """Read a remote file."""
        ...

    def download_tree(self, source: str, destination: Path) -> None:
        """Copy a remote folder (or glob) below ``destination``."""
        ...

    def reconnect(self, *, timeout_s: float | None = None) -> None:
        """Drop the connection and make it anew, trying until the timeout (default: ``ssh_timeout``)."""
        ...

    def close(self) -> None:
        """End the connection; never raises."""
        ...


@runtime_checkable
class Elevating(Protocol):
    """A `Remote` that can also run a command as another user, with that user's full rights."""

    def run_elevated(
        self,
        command: str,
        *,
        user: str,
        password: str = "",
        output: OutputSink | None = None,
        cancel: CancelToken | None = None,
    ) -> CommandResult:
        """Run a command line of Windows as ``user``; without a password that is a service account (``SYSTEM``).

        Its lines go to ``output`` as they come, standard error among them. The password is on no command line and in
        no file that stays. Raises what `Remote.run` raises, and `ProvisionError` where the command can't be started
        (a wrong password, a missing right).
        """
        ...


class Connect(Protocol):
    """A communicator: makes the connection, trying until its timeout; permanent causes end at once."""

    def __call__(
        self,
        address: Address,
        login: Login,
        options: CommunicatorOptions,
        *,
        cancel: CancelToken,
        say: Callable[[str], None],
        console: Callable[[], str],
    ) -> Remote:
        """Raises one of the classified `imagesmith.errors.ConnectError` classes.

        ``console`` fetches the guest's console text: host keys that the guest prints there are pinned, and the tail of
        it goes into the error when the guest is never reached.
        """
        ...


@runtime_checkable
class OffersWayIn(Protocol):
    """A `Provider` that is a way into its machines itself, by the cloud's own calls, beside the communicators."""

    def opens(self, communicator: str) -> bool:
        """Whether it is the way of this name."""
        ...

    def connect(self, machine: Machine, login: Login, *, cancel: CancelToken, console: Callable[[], str]) -> Remote:
        """As `Connect`, with the machine instead of its address."""
        ...


@dataclass(frozen=True, kw_only=True)
class ProvisionContext:
    """What a provisioner knows about the build it runs in.

    ``render(text, data)`` renders Go-template text with the template's functions and ``data`` as ``{{ .Name }}``.
    ``output`` gets each line that a script prints, ``say`` is for the provisioner's own words.
    ``environment`` are the PACKER_* variables that scripts get; ``generated`` the ``build`` variables.
    """

    build_name: str
    builder_type: str
    run_id: str
    environment: Mapping[str, str]
    generated: Mapping[str, object]
    render: Callable[[str, Mapping[str, object]], str]
    say: Callable[[str], None]
    output: OutputSink
    cancel: CancelToken
    ask: Ask
    simulated: bool = False
    debug: bool = False


class Provisioner(Protocol):
    """An option class with a ``run``: `Shell`, `File`, …

    With a class attribute ``communicators`` (a frozenset of names) it says over which ways into a machine it works, and
    a template that asks for another is refused before anything is made. Without one it works anywhere, ``none`` too.
    """

    def run(self, remote: Remote | None, context: ProvisionContext) -> None:
        """Do the work; ``remote`` is None with ``communicator = "none"``. Raises `ProvisionError`."""
        ...


@dataclass(frozen=True, kw_only=True)
class PostProcessContext:
    """What a post-processor knows about the build that made its artifact."""

    build_name: str
    builder_type: str
    run_id: str
    force: bool
    environment: Mapping[str, str]
    render: Callable[[str, Mapping[str, object]], str]
    say: Callable[[str], None]
    output: OutputSink
    cancel: CancelToken


@dataclass(frozen=True, slots=True)
class PostProcessed:
    """A post-processor's outcome: the artifact that goes on, and whether its input is to be kept.

    ``keep_forced``: the template's ``keep_input_artifact = false`` does not count.
    """

    artifact: Artifact
    keep_input: bool = False
    keep_forced: bool = False


class PostProcessor(Protocol):
    """An option class with a ``process``: `Manifest`, …"""

    def process(self, artifact: Artifact, context: PostProcessContext) -> PostProcessed:
        """Do the work. Raises `PostProcessError`."""
        ...


@dataclass(frozen=True, slots=True)
class Output:
    """One value that a data source gives. ``type`` is written as in templates: ``string``, ``map(string)``, ``any``."""

    name: str
    type: str
    doc: str


@dataclass(frozen=True, kw_only=True)
class DataContext:
    """What a data source knows beside its options. ``warn`` tells people something without stopping the build."""

    warn: Callable[[str], None]
    cancel: CancelToken


class DataSource(Protocol):
    """An option class with a ``read``: `Http`, … It only ever looks, and leaves nothing behind."""

    @property
    def outputs(self) -> Sequence[Output]:
        """What ``data.TYPE.NAME`` has; a class attribute, so that it is known before anything is read."""
        ...

    def read(self, context: DataContext) -> Mapping[str, object]:
        """The outputs as plain data, by name. Raises an `imagesmith.errors.ImagesmithError`."""
        ...


class SimulatedCloud(Protocol):
    """A cloud on loopback that a build can be pointed at (``--simulate``)."""

    def attach(self, source: AnyOptions) -> AnyOptions:
        """The same options of a builder or a data source, pointed at this cloud, with credentials that it accepts.

        What the options name by id (a VPC, a snapshot, a custom image) is made to exist.
        """
        ...

    def inventory(self) -> Sequence[str]:
        """One line for each thing that exists now and did not exist at the start."""
        ...

    def leftovers(self) -> Sequence[str]:
        """The part of the inventory that a finished build must not leave: everything but images and their snapshots."""
        ...

    def close(self) -> None:
        """Stop the machines and the server, remove their files."""
        ...
