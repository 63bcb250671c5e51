"""Running one provisioner of a plan: pause, timeout, retries, going on after an error."""

from __future__ import annotations

import dataclasses
from typing import cast

from imagesmith import options, plugin, redact
from imagesmith.errors import BuildTimeout, Cancelled, ImagesmithError, ProvisionError
from imagesmith.interfaces import ProvisionContext, Provisioner, Remote
from imagesmith.options import Options
from imagesmith.plan import PlannedProvisioner
from imagesmith.provisioners.time_limit import time_limit
from imagesmith.provisioners.timed_remote import timed


def run_provisioner(planned: PlannedProvisioner, remote: Remote | None, context: ProvisionContext) -> None:
    """Decode the options with the run-time values and run the provisioner.

    Each attempt is preceded by ``pause_before_s`` and may take ``timeout_s``; ``max_retries`` attempts more are made,
    and the last error is the one raised. With ``continue_on_error`` an error becomes a warning; a cancelled build or
    one whose time is up is never gone on with. ``remote`` is None with ``communicator = "none"``.

    Raises `ProvisionError`, what the connection raises, and `TemplateError` for options that turn out to be wrong.
    """
    option_class: type[Options] = plugin.load("provisioners", planned.type)
    chosen = planned.configuration.decode(option_class, runtime=context.generated)
    redact.register(*options.secrets(chosen))
    try:
        _try_repeatedly(planned, cast("Provisioner", chosen), remote, context)
    except (Cancelled, BuildTimeout):
        raise
    except ImagesmithError as error:
        context.cancel.check()
        error.location = error.location or planned.configuration.location
        if not planned.continue_on_error:
            raise
        context.say(f"Warning: {_label(planned)} failed, going on because of continue_on_error: {error}")


def _try_repeatedly(
    planned: PlannedProvisioner, provisioner: Provisioner, remote: Remote | None, context: ProvisionContext
) -> None:
    for left in range(planned.max_retries, -1, -1):
        try:
            _try_once(planned, provisioner, remote, context)
        except (Cancelled, BuildTimeout):
            raise
        except ImagesmithError as error:
            context.cancel.check()
            if left == 0:
                raise _last(error, planned) from error
            tries = "1 try" if left == 1 else f"{left} tries"
            context.say(f"{_label(planned)} failed: {error}; {tries} left")
        else:
            return


def _last(error: ImagesmithError, planned: PlannedProvisioner) -> ImagesmithError:
    """The error to raise after the last attempt: it tells how many there were."""
    if not planned.max_retries:
        return error
    return ProvisionError(
        f"{error.message} ({planned.max_retries + 1} attempts)",
        exit_status=getattr(error, "exit_status", None),
        hint=error.hint,
        location=error.location,
    )


def _try_once(
    planned: PlannedProvisioner, provisioner: Provisioner, remote: Remote | None, context: ProvisionContext
) -> None:
    if planned.pause_before_s:
        context.say(f"Pausing {planned.pause_before_s:g} s before {_label(planned)}")
        context.cancel.sleep(planned.pause_before_s)
    if not planned.timeout_s:
        _run(planned, provisioner, remote, context)
        return
    message = f"{_label(planned)} timed out after {planned.timeout_s:g} s"
    with time_limit(planned.timeout_s, message, context.cancel) as token:
        limited = timed(remote, token) if remote is not None else None
        try:
            _run(planned, provisioner, limited, dataclasses.replace(context, cancel=token))
        except ImagesmithError as error:
            context.cancel.check()
            if token.is_set:
                raise ProvisionError(message, hint="raise its timeout, or find out what it waits for") from error
            raise


def _run(
    planned: PlannedProvisioner, provisioner: Provisioner, remote: Remote | None, context: ProvisionContext
) -> None:
    try:
        provisioner.run(remote, context)
    except ImagesmithError:
        raise
    except Exception as error:
        text = f"{_label(planned)} failed with an unexpected {type(error).__name__}: {error}"
        raise ProvisionError(text, hint="this is a fault of the provisioner itself") from error


def _label(planned: PlannedProvisioner) -> str:
    return f'the provisioner "{planned.name or planned.type}"'
