"""Every error that imagesmith raises on purpose.

    ImagesmithError                 exit code 1 unless said otherwise
    ├── UsageError                  2  a flag or an argument is wrong
    ├── TemplateError               2  the template or an option is wrong; carries all diagnostics
    ├── MissingDependency           2  an optional package is not installed
    ├── CloudError                  the cloud refused or did not answer
    │   ├── AccessDenied            wrong key, expired token, no permission
    │   ├── NotFound                no such region, image, instance type, …
    │   ├── AlreadyExists           the name is taken
    │   ├── QuotaExceeded           the account's limit is reached
    │   ├── OutOfStock              the zone has no such instance left
    │   ├── Conflict                the resource is in the wrong state, or still in use
    │   ├── Rejected                the call itself is wrong: a value that the cloud does not take
    │   ├── Throttled               too many calls; may be tried again
    │   ├── ServiceUnavailable      5xx, or the service says so; may be tried again
    │   └── AnswerLost              sent, but no answer came: the cloud may have acted
    ├── WaitFailed                  the thing waited for ended in a failed state
    ├── WaitTimeout                 the thing waited for did not come in time
    ├── ConnectError                no way into the machine
    │   ├── Unreachable             no route, or packets are dropped
    │   ├── ConnectionRefused       nothing listens on the port
    │   ├── SilentPeer              connected, but the peer says nothing
    │   ├── UnexpectedProtocol      the peer speaks something else
    │   ├── KeyExchangeFailed       no common algorithm
    │   ├── AuthenticationFailed    wrong key, user or password
    │   ├── HostKeyMismatch         the host key is not the pinned one
    │   ├── ForwardingRefused       a bastion, a proxy or the guest passes no connections on
    │   └── GuestNotBooted          the guest's console shows that it never came up
    ├── ConnectionLost              an open connection broke
    ├── TransferError               an upload or a download failed
    ├── ProvisionError              a provisioner failed (a script's exit status, …)
    ├── PostProcessError            3  the image is kept, something after it failed
    ├── BuildTimeout                the whole build took longer than --timeout
    ├── Cancelled                   130  the user asked to stop
    ├── LedgerError                 the run's ledger can't be written
    ├── LeftoversRemain             4  something could not be deleted
    └── BuildsFailed                several builds of one run; carries each error

A message says what happened, ``hint`` says what to do. Only the command line turns an error into an exit code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from imagesmith.interfaces import Artifact

__all__ = [
    "AccessDenied",
    "AlreadyExists",
    "AnswerLost",
    "AuthenticationFailed",
    "BuildTimeout",
    "BuildsFailed",
    "Cancelled",
    "CloudError",
    "Conflict",
    "ConnectError",
    "ConnectionLost",
    "ConnectionRefused",
    "Diagnostic",
    "ForwardingRefused",
    "GuestNotBooted",
    "HostKeyMismatch",
    "ImagesmithError",
    "KeyExchangeFailed",
    "LedgerError",
    "LeftoversRemain",
    "Location",
    "MissingDependency",
    "NotFound",
    "OutOfStock",
    "PostProcessError",
    "ProvisionError",
    "QuotaExceeded",
    "Rejected",
    "ServiceUnavailable",
    "SilentPeer",
    "TemplateError",
    "Throttled",
    "TransferError",
    "UnexpectedProtocol",
    "Unreachable",
    "UsageError",
    "WaitFailed",
    "WaitTimeout",
]


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file; line and column count from 1, column 0 means the whole line."""

    file: str
    line: int
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" + (f":{self.column}" if self.column else "")


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing wrong with a template, and what to do about it.

    ``not_yet``: the template itself is right, but this release can't build it; ``validate`` only warns of it.
    """

    summary: str
    detail: str = ""
    hint: str = ""
    location: Location | None = None
    severity: Literal["error", "warning"] = "error"
    not_yet: bool = False

    def __str__(self) -> str:
        place = f"{self.location}: " if self.location else ""
        parts = [self.summary] + [part for part in (self.detail, self.hint) if part]
        return place + " ".join(part if part.endswith((".", "?", "!")) else part + "." for part in parts)


class ImagesmithError(Exception):
    """The base of all: ``message`` says what happened, ``hint`` what to do, ``location`` where in a template."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "", location: Location | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.location = location

    def __str__(self) -> str:
        place = f"{self.location}: " if self.location else ""
        return f"{place}{self.message}" + (f" ({self.hint})" if self.hint else "")


class UsageError(ImagesmithError):
    """A flag or an argument of the command line or the library is wrong."""

    exit_code = 2


class TemplateError(ImagesmithError):
    """The template, a variable file or an option is wrong; ``diagnostics`` has every fault that was found."""

    exit_code = 2

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        first = next((d for d in self.diagnostics if d.severity == "error"), None)
        super().__init__(
            "\n".join(str(d) for d in self.diagnostics),
            location=None,
        )
        self.first_location = first.location if first else None


class MissingDependency(ImagesmithError):
    """An optional package is not installed; the hint names the extra that brings it."""

    exit_code = 2

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} is not installed", hint=f"run pip install 'imagesmith[{extra}]'")


class CloudError(ImagesmithError):
    """A cloud refused a call. ``code`` is the cloud's own error code, ``request_id`` what its support asks for."""

    def __init__(
        self,
        message: str,
        *,
        action: str = "",
        code: str = "",
        request_id: str = "",
        status: int | None = None,
        retry_after_s: float | None = None,
        hint: str = "",
        location: Location | None = None,
    ) -> None:
        super().__init__(message, hint=hint, location=location)
        self.action = action
        self.code = code
        self.request_id = request_id
        self.status = status
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        where = f"{self.action}: " if self.action else ""
        facts = ", ".join(
            part for part in (self.code, f"request id {self.request_id}" if self.request_id else "") if part
        )
        hint = f" ({self.hint})" if self.hint else ""
        place = f"{self.location}: " if self.location else ""
        return f"{place}{where}{self.message}" + (f" [{facts}]" if facts else "") + hint


class AccessDenied(CloudError):
    """The key is wrong, the token has expired or the account lacks the permission."""


class NotFound(CloudError):
    """The region, image, instance type or resource does not exist."""


class AlreadyExists(CloudError):
    """The name is taken."""


class QuotaExceeded(CloudError):
    """The account's limit is reached."""


class OutOfStock(CloudError):
    """The zone has no such instance left."""


class Conflict(CloudError):
    """The resource is in a state that forbids the call, or something still uses it."""


class Rejected(CloudError):
    """The cloud does not take a value of the call; it has done nothing."""


class Throttled(CloudError):
    """Too many calls in a short time; may be tried again after ``retry_after_s``."""


class ServiceUnavailable(CloudError):
    """The service failed or says that it is not available; may be tried again."""


class AnswerLost(CloudError):
    """The request was sent but its answer never came: nobody knows whether the cloud has acted."""


class WaitFailed(ImagesmithError):
    """What was waited for has ended in a state from which it can't recover."""


class WaitTimeout(ImagesmithError):
    """What was waited for did not come before its deadline."""


class ConnectError(ImagesmithError):
    """No connection to the machine. ``permanent`` causes don't go away by trying again.

    ``hop`` names the bastion or the proxy on the way where it is that which failed.
    """

    permanent: ClassVar[bool] = False
    hop: str = ""


class Unreachable(ConnectError):
    """No route to the address, or the packets are dropped (a security group, a firewall)."""


class ConnectionRefused(ConnectError):
    """The address answers, but nothing listens on the port."""


class SilentPeer(ConnectError):
    """The connection opens, but the peer sends nothing."""


class UnexpectedProtocol(ConnectError):
    """The peer speaks another protocol than the communicator's."""

    permanent = True


class KeyExchangeFailed(ConnectError):
    """The two sides share no algorithm."""

    permanent = True


class AuthenticationFailed(ConnectError):
    """The user, key or password is not accepted."""

    permanent = True


class HostKeyMismatch(ConnectError):
    """The peer's host key is not the one that was pinned or seen before."""

    permanent = True


class ForwardingRefused(ConnectError):
    """A bastion, a proxy or the guest's SSH server is configured not to pass this connection on."""

    permanent = True


class GuestNotBooted(ConnectError):
    """The guest's console shows that its system never came up."""


class ConnectionLost(ImagesmithError):
    """An open connection to the machine broke."""


class TransferError(ImagesmithError):
    """A file could not be moved to or from the machine."""


class ProvisionError(ImagesmithError):
    """A provisioner failed; ``exit_status`` is the script's, where there is one."""

    def __init__(
        self,
        message: str,
        *,
        exit_status: int | None = None,
        hint: str = "",
        location: Location | None = None,
    ) -> None:
        super().__init__(message, hint=hint, location=location)
        self.exit_status = exit_status


class PostProcessError(ImagesmithError):
    """Something after the image failed; the image itself is kept. ``artifacts`` is all that there is (`Artifact`)."""

    exit_code = 3

    def __init__(
        self,
        message: str,
        *,
        artifacts: Sequence[Artifact] = (),
        hint: str = "",
        location: Location | None = None,
    ) -> None:
        super().__init__(message, hint=hint, location=location)
        self.artifacts = tuple(artifacts)


class BuildTimeout(ImagesmithError):
    """The whole build took longer than it was allowed to."""


class Cancelled(ImagesmithError):
    """The user asked to stop."""

    exit_code = 130


class LedgerError(ImagesmithError):
    """The run's ledger can't be written; nothing is created without it."""


class LeftoversRemain(ImagesmithError):
    """Something that the run made could not be deleted; ``leftovers`` are (kind, id, reason)."""

    exit_code = 4

    def __init__(self, leftovers: Sequence[tuple[str, str, str]], *, hint: str = "") -> None:
        self.leftovers = tuple(leftovers)
        names = ", ".join(f"{kind} {identity}" for kind, identity, _ in self.leftovers)
        super().__init__(f"could not delete {names}", hint=hint)


class BuildsFailed(ImagesmithError):
    """Several builds of one run ended badly; ``errors`` maps each build's name to its error."""

    def __init__(self, errors: dict[str, ImagesmithError]) -> None:
        self.errors = dict(errors)
        super().__init__("; ".join(f"{name}: {error}" for name, error in errors.items()))
