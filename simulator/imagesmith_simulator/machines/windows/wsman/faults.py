"""The faults that Windows answers with, by its own codes (wsmerror.h, winerror.h)."""

from __future__ import annotations

from imagesmith_simulator.machines.windows.wsman.soap import Refusal

_CANNOT = "The WS-Management service cannot process the request. "


def operation_timeout() -> Refusal:
    """Nothing has come within the operation timeout; the client asks again (0x80338029)."""
    return Refusal(
        2150858793,
        "w:TimedOut",
        "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.  ",
        sender=False,
    )


def no_such_shell(shell_id: str) -> Refusal:
    """The shell is gone, or never was (0x8033805B)."""
    return Refusal(
        2150858843,
        "w:InvalidSelectors",
        f"The request for the Windows Remote Shell with ShellId {shell_id} failed because the shell was not found on "
        "the server. Possible causes are: the specified ShellId is incorrect or the shell no longer exists on the "
        "server. Provide the correct ShellId or create a new shell and retry the operation.  ",
    )


def no_such_command() -> Refusal:
    """The command has been cleaned up (ERROR_INVALID_PARAMETER)."""
    return Refusal(87, "w:InternalError", "The parameter is incorrect.  ", sender=False)


def aborted() -> Refusal:
    """The command or the service was ended while the request waited (ERROR_OPERATION_ABORTED)."""
    return Refusal(
        995,
        "w:InternalError",
        "The I/O operation has been aborted because of either a thread exit or an application request.  ",
        sender=False,
    )


def too_many_shells(limit: int) -> Refusal:
    """The quota of shells is used up (0x803381A5)."""
    return Refusal(
        2150859173,
        "w:QuotaLimit",
        f"{_CANNOT}This user is allowed a maximum number of {limit} concurrent shells, which has been exceeded. "
        "Close existing shells or raise the quota for this user.  ",
    )


def too_many_processes(limit: int) -> Refusal:
    """The quota of processes in one shell is used up (0x803381A6)."""
    return Refusal(
        2150859174,
        "w:QuotaLimit",
        f"{_CANNOT}The maximum number of {limit} processes for this shell has been exceeded.  ",
    )


def envelope_too_big(limit: int) -> Refusal:
    """The request is larger than MaxEnvelopeSizekb (0x80338026)."""
    return Refusal(
        2150858790,
        "w:EncodingLimit",
        f"{_CANNOT}The SOAP packet exceeds the maximum envelope size of {limit} bytes.  ",
    )


def unknown_action(action: str) -> Refusal:
    """This is not something that the service does (0x80338001)."""
    return Refusal(2150858753, "a:ActionNotSupported", f"{_CANNOT}The WS-Addressing action URI {action} is invalid.  ")


def unknown_resource(uri: str) -> Refusal:
    """There is no such resource (0x80338000)."""
    return Refusal(
        2150858752,
        "a:DestinationUnreachable",
        f"{_CANNOT}The service cannot find the resource identified by the resource URI {uri} and selectors.  ",
    )


def malformed(reason: str) -> Refusal:
    """The request is not what the schema says (0x80338041)."""
    return Refusal(2150858817, "w:SchemaValidationError", f"The SOAP XML in the message is not valid: {reason}.  ")
