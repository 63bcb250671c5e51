"""The way into an instance by Cloud Assistant: no address, no open port, no key; the cloud hands everything on."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from imagesmith.errors import AuthenticationFailed, ConnectionLost, UnexpectedProtocol, Unreachable, WaitTimeout
from imagesmith.interfaces import Login, Machine, Remote
from imagesmith.waiting import CancelToken, Patience, Pending, wait_until
from imagesmith.ways_in.last_words import with_console
from imagesmith_alicloud.assistant_calls import Agent, Outcome
from imagesmith_alicloud.assistant_remote import AssistantRemote
from imagesmith_alicloud.context import Context

NAME = "cloud-assistant"
_NO_AGENT = (
    "the source image has to have Cloud Assistant's agent (aliyun.service) enabled, as the public images of the last "
    "years do"
)
_NO_USER = frozenset({"AccountNotExists", "AccountNotFound", "HomeDirNotExist"})
_USER_MADE = Patience(timeout_s=20.0, first_s=1.0, growth=1.5, longest_s=3.0)
_A_MOMENT = Patience(timeout_s=60.0, first_s=0.1, growth=1.5, longest_s=1.0)


def connect(
    context: Context, machine: Machine, login: Login, *, cancel: CancelToken, console: Callable[[], str]
) -> Remote:
    """Wait for the agent, up to ``cloud_assistant_timeout``, and see that it runs commands as the user.

    Raises a classified `imagesmith.errors.ConnectError`, and `CloudError` where a call is refused.
    """
    agent = Agent(context, machine.id, login.username or "root")

    def await_agent(timeout_s: float | None) -> None:
        limit = context.options.cloud_assistant_timeout if timeout_s is None else timeout_s
        _await_agent(agent, limit, cancel, console)

    await_agent(None)
    _try_user(agent, cancel, console)
    pause = context.options.pause_before_connecting
    if pause > 0:
        context.run.say(f"connected; waiting {pause:g} s before connecting again")
        cancel.sleep(pause)
        await_agent(None)
    return AssistantRemote(agent, await_agent, cancel, say=context.run.say)


def _await_agent(agent: Agent, limit_s: float, cancel: CancelToken, console: Callable[[], str]) -> None:
    began = time.monotonic()

    def probe() -> bool | Pending:
        facts = agent.facts()
        if str(facts.get("OSType", "")).lower() == "windows":
            hint = 'use communicator = "winrm"'
            raise UnexpectedProtocol("Cloud Assistant is a way into Linux only; this guest is Windows", hint=hint)
        if str(facts.get("CloudAssistantStatus", "")).lower() == "true":
            return True
        if (status := agent.instance_status()) in ("Stopping", "Stopped", ""):
            raise ConnectionLost(f"the instance {agent.instance_id} is {status or 'gone'}")
        return Pending("not running")

    patience = Patience(timeout_s=limit_s, first_s=0.5, growth=1.2, longest_s=3.0)
    try:
        wait_until(probe, what="Cloud Assistant's agent", patience=patience, cancel=cancel)
    except WaitTimeout:
        facts = f"; tried for {time.monotonic() - began:.0f} s"
        error = Unreachable(f"Cloud Assistant's agent in {agent.instance_id} is not running", hint=_NO_AGENT)
        raise with_console(error, console(), facts) from None


def _try_user(agent: Agent, cancel: CancelToken, console: Callable[[], str]) -> None:
    """A user that does not exist shows at the first command; user data may be about to make it."""
    outcome = Outcome("")

    def probe() -> bool | Pending:
        nonlocal outcome
        outcome = agent.wait(agent.start("exit 0"), _A_MOMENT, cancel)
        return Pending(outcome.error_code) if outcome.error_code in _NO_USER else True

    with contextlib.suppress(WaitTimeout):
        wait_until(probe, what="the user", patience=_USER_MADE, cancel=cancel)
    if outcome.status == "Success":
        return
    words = f"{outcome.error_code or outcome.status or 'no answer'}: {outcome.error_info}"
    if outcome.error_code in _NO_USER or outcome.status == "Failed":
        hint = "check ssh_username, which needs a shell it may use; left out, commands are run as root"
        denied = AuthenticationFailed(f'Cloud Assistant can\'t be "{agent.user}" in the guest ({words})', hint=hint)
        raise with_console(denied, console(), "")
    mute = Unreachable(f"Cloud Assistant's agent in {agent.instance_id} runs no commands ({words})", hint=_NO_AGENT)
    raise with_console(mute, console(), "")
