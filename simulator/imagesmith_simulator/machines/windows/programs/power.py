"""Programs that switch the machine off: shutdown and Sysprep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagesmith_simulator.machines.windows.programs import Program, fail, write_line

if TYPE_CHECKING:
    from imagesmith_simulator.machines.windows.processes import Context
    from imagesmith_simulator.machines.windows.windows import Windows

_IN_PROGRESS = 1115
_NOT_IN_PROGRESS = 1116
_SCHEDULED = 1190
_TEN_YEARS_S = 315360000


def _shutdown(windows: Windows, arguments: list[str], context: Context, raw: str) -> int:
    """``shutdown /s|/r|/a [/f] [/t SECONDS] [/c COMMENT]``."""
    given = [argument.lower().replace("-", "/", 1) for argument in arguments]
    if "/a" in given:
        return 0 if windows.shutdown.abort() else fail(context, "Unable to abort the system shutdown because no "
                                                       "shutdown was in progress.(1116)", _NOT_IN_PROGRESS)  # fmt: skip
    reboot = any(word in given for word in ("/r", "/g"))
    if not reboot and not any(word in given for word in ("/s", "/p", "/sg")):
        write_line(context, "Usage: shutdown [/i | /l | /s | /sg | /r | /g | /a | /p | /h | /e | /o] [/hybrid] [/f]")
        return 0
    text = given[given.index("/t") + 1] if "/t" in given[:-1] else "0" if "/p" in given else "30"
    if not text.isdigit() or int(text) > _TEN_YEARS_S:
        return fail(context, f"The value '{text}' of /t is not valid.(87)", 87)
    if windows.shutdown.state == "going down":
        return fail(context, "A system shutdown is in progress.(1115)", _IN_PROGRESS)
    if windows.shutdown.state == "scheduled":
        return fail(context, "A system shutdown has already been scheduled.(1190)", _SCHEDULED)
    windows.shutdown.schedule("reboot" if reboot else "off", float(text))
    return 0


def _sysprep(windows: Windows, arguments: list[str], context: Context, raw: str) -> int:
    """``sysprep /generalize /oobe /shutdown|/reboot|/quit [/quiet] [/unattend:FILE]``."""
    given = {argument.lower().replace("-", "/", 1).split(":")[0] for argument in arguments}
    unknown = given - {
        "/generalize",
        "/oobe",
        "/audit",
        "/shutdown",
        "/reboot",
        "/quit",
        "/quiet",
        "/unattend",
        "/mode",
    }
    if unknown or not given & {"/oobe", "/audit"}:
        return fail(context, f"sysprep: the command line is not valid: {raw}", 1)
    if "/generalize" in given:
        windows.installation.generalized = True
        windows.disk.write("C:\\Windows\\System32\\Sysprep\\Sysprep_succeeded.tag", b"")
    if "/quit" not in given:
        windows.shutdown.schedule("reboot" if "/reboot" in given else "off", 0)
    return 0


PROGRAMS: dict[str, Program] = {"shutdown": _shutdown, "sysprep": _sysprep}
