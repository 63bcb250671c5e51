"""Cloud Assistant: commands and files that its agent in an instance runs and writes."""

from __future__ import annotations

import base64
import binascii
import shlex
from dataclasses import dataclass

from imagesmith.errors import ImagesmithError
from imagesmith_simulator.alicloud.errors import ApiError, conflict, invalid
from imagesmith_simulator.alicloud.store import Store, find
from imagesmith_simulator.machines.interface import Execution

LONGEST_COMMAND, LONGEST_FILE = 24 * 1024, 32 * 1024  # bytes of base64
_OUTPUT = 12_000  # bytes that an invocation's output keeps; what comes later is dropped
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# $1: folder; $2: name; $3: mode; $4: owner; $5: "true" to overwrite; $6: the content in base64.
_SEND = """
[ "$5" = true ] || [ ! -e "$1/$2" ] || exit 17
mkdir -p "$1" && umask 077 && printf %s "$6" | base64 -d > "$1/$2" && chmod "$3" "$1/$2" && chown "$4" "$1/$2"
"""
_SEND_ERRORS = {17: "FileAlreadyExists"}


@dataclass(kw_only=True)
class Invocation:
    """A command or a file for one instance. ``error_code`` says why it never ran."""

    id: str
    region: str
    instance_id: str
    created: float
    name: str = ""
    sends_file: bool = False
    execution: Execution | None = None
    error_code: str = ""
    ended_by: str = ""

    @property
    def status(self) -> str:
        """As the API names it."""
        if self.execution is None:
            return "Aborted"
        if not self.execution.ended:
            return "Stopping" if self.ended_by == "Terminated" else "Running"
        if self.ended_by:
            return self.ended_by
        if self.execution.status is None or self.execution.status < 0:
            return "Terminated"
        return "Failed" if self.execution.status else "Success"

    @property
    def exit_code(self) -> int | None:
        """The command's own; None where it has not ended by itself."""
        return self.execution.status if self.execution and self.status in ("Success", "Failed") else None

    @property
    def error(self) -> str:
        """The API's code for what went wrong, "" where nothing did."""
        if self.sends_file and self.status == "Failed":
            return _SEND_ERRORS.get(self.exit_code or 0, "FileCreateFail")
        return self.error_code or {"Failed": "ExitCodeNonzero", "Timeout": "TaskTimeout"}.get(self.status, "")

    def output(self) -> tuple[bytes, int]:
        """What is kept of it, and how many bytes were dropped."""
        everything = self.execution.output() if self.execution else b""
        return everything[:_OUTPUT], max(0, len(everything) - _OUTPUT)


class AssistantModel:
    """Runs commands in instances by their machines' agents."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def run(self, region: str, instance_id: str, content: bytes, *, user: str, folder: str, timeout: int) -> Invocation:
        """Start a shell script. It sees next to no environment, as from a service."""
        go = f"cd {shlex.quote(folder)} || exit\n".encode() if folder else b""
        script = (go + content).decode("utf-8", "surrogateescape")
        command = f"exec env -i PATH={_PATH} /bin/sh -c {shlex.quote(script)}"
        return self._invoke(region, instance_id, command, user=user, timeout=timeout)

    def send(
        self, region: str, instance_id: str, name: str, folder: str, content: bytes, *, facts: tuple[str, str, bool]
    ) -> Invocation:
        """Write a file; ``facts`` are its mode, its owner and whether it may replace one."""
        mode, owner, overwrite = facts
        words = [folder, name, mode, owner, str(overwrite).lower(), base64.b64encode(content).decode()]
        command = " ".join(["exec /bin/sh -c", shlex.quote(_SEND), "sh", *map(shlex.quote, words)])
        made = self._invoke(region, instance_id, command, user="root", timeout=60)
        made.name, made.sends_file = name, True
        return made

    def stop(self, region: str, invoke_id: str) -> None:
        """End a command; nothing where it is over."""
        found = self.get(region, invoke_id)
        if found.execution and not found.execution.ended:
            found.ended_by = "Terminated"
            found.execution.stop()

    def get(self, region: str, invoke_id: str) -> Invocation:
        """Raises the API's NotFound."""
        found = self._store.invocations.get(invoke_id)
        if found is None or found.region != region:
            raise ApiError("InvalidInvokeId.NotFound", 404, f"The specified InvokeId {invoke_id} does not exist.")
        return found

    def _invoke(self, region: str, instance_id: str, command: str, *, user: str, timeout: int) -> Invocation:
        store = self._store
        instance = find(store.instances, instance_id, "InvalidInstance.NotFound", region)
        if instance.status != "Running" or instance.releasing:
            raise conflict("InvalidInstance.NotRunning", f"The instance is {instance.status}.")
        made = Invocation(id=store.new_id("t"), region=region, instance_id=instance_id, created=store.clock.now())
        store.invocations[made.id] = made
        try:
            made.execution = store.machines.execute(instance_id, command, user=user)
        except ImagesmithError as error:
            made.error_code = "AccountNotExists" if "no such user" in error.message.lower() else "ClientNotRunning"
        store.clock.after(timeout, lambda: _time_out(made))
        store.used(instance_id)
        return made


def decoded(parameter: str, text: str, encoding: str, limit: int) -> bytes:
    """A command's or a file's content. Raises the API's refusals of what is too long or not base64."""
    encoded = text if encoding == "Base64" else base64.b64encode(text.encode()).decode()
    if len(encoded) > limit:
        raise ApiError(f"{parameter}.ExceedLimit", 403, f"The {parameter} is longer than {limit} bytes of base64.")
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise invalid(parameter, f"The {parameter} is not valid base64.") from None


def _time_out(invocation: Invocation) -> None:
    if invocation.execution and not invocation.execution.ended:
        invocation.ended_by = "Timeout"
        invocation.execution.stop()
