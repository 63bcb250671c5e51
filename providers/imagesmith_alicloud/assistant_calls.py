"""The calls of Cloud Assistant: commands and files for one instance, handed to the agent in it by the cloud.

Limits (public API reference): a command of 24 KiB in base64, a file of 32 KiB, 24 hours for a command. How much output
is kept is not said exactly, so that nobody here relies on more than `SAFE_OUTPUT`.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from imagesmith.errors import AccessDenied, ImagesmithError, TransferError
from imagesmith.waiting import CancelToken, Patience, Pending, RetryPolicy, wait_until
from imagesmith_alicloud.context import Context, items
from imagesmith_alicloud.sdk import Cloud, ecs

LONGEST_COMMAND = 12_000
"""Bytes of a script that are sent as a command; a longer one is sent as a file first."""
LONGEST_PART = 24_000
"""Bytes of a file that one call takes."""
SAFE_OUTPUT = 9_000
"""Bytes of output that are surely kept."""
LONGEST_S = 86_400

_IN_PROGRESS = frozenset({"", "Pending", "Scheduled", "Running", "Stopping"})
_QUICK = RetryPolicy(attempts=3, timeout_s=10.0)
_SENT = Patience(timeout_s=120.0, first_s=0.1, growth=1.5, longest_s=1.0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command is doing. ``status`` and ``error_code`` are the API's words."""

    status: str
    output: bytes = b""
    error_code: str = ""
    error_info: str = ""

    @property
    def over(self) -> bool:
        """Whether it won't change any more."""
        return self.status not in _IN_PROGRESS

    @property
    def never_ran(self) -> bool:
        """Whether the agent has not even started it."""
        return self.over and not self.output and self.status in ("Aborted", "Invalid", "Error", "Cancelled")


class _Teardown:
    """Who makes the calls that end something after the build was cancelled."""

    def __init__(self, context: Context) -> None:
        self.cancel = CancelToken()
        self._context = context

    def say(self, text: str, level: Any = "info") -> None:
        self._context.run.say(text, level)


class Agent:
    """The agent in one instance. Every method may raise `imagesmith.errors.CloudError`."""

    def __init__(self, context: Context, instance_id: str, user: str) -> None:
        self.instance_id = instance_id
        self.user = user
        self._context = context
        self._cloud = context.cloud

    def quickly(self) -> Agent:
        """The same agent for what has to be done though the build is cancelled: few tries, and its own token."""
        agent = Agent(self._context, self.instance_id, self.user)
        agent._cloud = Cloud(self._context.access, _Teardown(self._context), patience=_QUICK)
        return agent

    def facts(self) -> Mapping[str, Any]:
        """What is known of the agent: ``CloudAssistantStatus`` is "true" once it has said that it is there."""
        answer = self._cloud.read(ecs.DescribeCloudAssistantStatusRequest(instance_id=[self.instance_id]))
        return next(
            iter(items(answer, "InstanceCloudAssistantStatusSet", "InstanceCloudAssistantStatus")),
            {"CloudAssistantStatus": "false"},
        )

    def instance_status(self) -> str:
        """The instance's own state; "" when it is gone."""
        answer = self._cloud.read(ecs.DescribeInstancesRequest(instance_ids=f'["{self.instance_id}"]'))
        return next((str(item.get("Status")) for item in items(answer, "Instances", "Instance")), "")

    def start(self, script: str) -> str:
        """Start a shell script; returns the invocation's id."""
        answer = self._cloud.write(
            ecs.RunCommandRequest(
                client_token=uuid.uuid4().hex,
                instance_id=[self.instance_id],
                type="RunShellScript",
                command_content=_encoded(script.encode("utf-8", "surrogateescape")),
                content_encoding="Base64",
                timeout=LONGEST_S,
                username=self.user,
                keep_command=False,
                termination_mode="ProcessTree",
                resource_group_id=self._context.options.resource_group_id or None,
            )
        )
        return str(answer["InvokeId"])

    def outcome(self, invoke_id: str) -> Outcome:
        """How a command is doing."""
        request = ecs.DescribeInvocationResultsRequest(
            invoke_id=invoke_id, instance_id=self.instance_id, content_encoding="Base64"
        )
        results = items(self._cloud.read(request).get("Invocation") or {}, "InvocationResults", "InvocationResult")
        if not results:
            return Outcome("")
        (found, *_) = results
        return Outcome(
            str(found.get("InvocationStatus") or ""),
            base64.b64decode(str(found.get("Output") or "")),
            str(found.get("ErrorCode") or ""),
            str(found.get("ErrorInfo") or ""),
        )

    def wait(self, invoke_id: str, patience: Patience, cancel: CancelToken) -> Outcome:
        """How a command has ended. Raises `WaitTimeout`, and what the token says."""

        def probe() -> Outcome | Pending:
            found = self.outcome(invoke_id)
            return found if found.over else Pending(found.status or "not listed yet")

        return wait_until(probe, what="the command", patience=patience, cancel=cancel)

    def stop(self, invoke_id: str) -> None:
        """End a command and all that it has started; never raises."""
        try:
            self._cloud.write(ecs.StopInvocationRequest(invoke_id=invoke_id, instance_id=[self.instance_id]))
        except AccessDenied as error:
            self._context.run.say(f"a command goes on in {self.instance_id}: {error}", "warning")
        except ImagesmithError:
            return  # it has ended by itself, or ends with the instance

    def send(self, name: str, content: bytes) -> str:
        """Write a small file in /tmp that only the user may read; returns the invocation's id."""
        answer = self._cloud.write(
            ecs.SendFileRequest(
                client_token=uuid.uuid4().hex,
                instance_id=[self.instance_id],
                name=name,
                target_dir="/tmp",  # noqa: S108 - the guest's; the name can't be guessed
                content=_encoded(content),
                content_type="Base64",
                file_mode="0600",
                file_owner=self.user,
                overwrite=True,
                timeout=60,
                resource_group_id=self._context.options.resource_group_id or None,
            )
        )
        return str(answer["InvokeId"])

    def wait_sent(self, invoke_id: str, cancel: CancelToken) -> None:
        """Wait until a file is there. Raises `TransferError`, `WaitTimeout` and what the token says."""

        def probe() -> bool | Pending:
            answer = self._cloud.read(ecs.DescribeSendFileResultsRequest(invoke_id=invoke_id))
            for invocation in items(answer, "Invocations", "Invocation"):
                for found in items(invocation, "InvokeInstances", "InvokeInstance"):
                    return _sent(found)
            return Pending("not listed yet")

        wait_until(probe, what="a file on its way", patience=_SENT, cancel=cancel)


def _sent(found: Mapping[str, Any]) -> bool | Pending:
    status = str(found.get("InvocationStatus") or "")
    if status in _IN_PROGRESS:
        return Pending(status)
    if status == "Success":
        return True
    words = ": ".join(str(found[key]) for key in ("ErrorCode", "ErrorInfo") if found.get(key))
    raise TransferError(f"Cloud Assistant could not write a file in the guest: {words or status}")


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


Take = Callable[[int, bytes], None]
"""Gets more of standard output (1) or standard error (2)."""
