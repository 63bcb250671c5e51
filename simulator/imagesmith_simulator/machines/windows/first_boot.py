"""What a cloud's agent does in a Windows guest at its first boot: the password, then user data.

User data is taken as Alibaba Cloud's agent takes it (a first line ``[powershell]`` or ``[bat]``) and as Cloudbase-Init
does (``#ps1``, ``#ps1_sysnative``, ``#ps1_x86``, ``rem cmd``, or ``<powershell>`` and ``<script>`` elements). Anything
else is left alone, with a word about it on the console.
"""

from __future__ import annotations

import re
from typing import Literal

from imagesmith_simulator.machines.interface import MachineSpec
from imagesmith_simulator.machines.windows import programs
from imagesmith_simulator.machines.windows.installation import specialize
from imagesmith_simulator.machines.windows.processes import no_input
from imagesmith_simulator.machines.windows.streams import Buffer
from imagesmith_simulator.machines.windows.windows import Windows

Language = Literal["powershell", "batch"]
_ELEMENT = re.compile(r"<(powershell|script)>(.*?)</\1>", re.DOTALL | re.IGNORECASE)


def prepare(windows: Windows, spec: MachineSpec) -> None:
    """Make it a machine of its own and set the password."""
    installation = windows.installation
    if installation.generalized or not installation.sid:
        specialize(installation)
        installation.generalized = False
    name = spec.username or "Administrator"
    if spec.password:
        installation.passwords[name] = spec.password
    windows.disk.make_folder(f"C:\\Users\\{name}")


def scripts(user_data: bytes) -> list[tuple[Language, str]]:
    """The scripts in user data, in their order."""
    text = user_data.decode("utf-8-sig", errors="replace").lstrip()
    first, _, rest = text.partition("\n")
    mark = first.strip().lower()
    if mark == "[powershell]" or mark.startswith("#ps1"):
        return [("powershell", rest)]
    if mark in ("[bat]", "rem cmd"):
        return [("batch", rest)]
    found = _ELEMENT.findall(text)
    return [("powershell" if kind.lower() == "powershell" else "batch", body) for kind, body in found]


def run_user_data(windows: Windows, user_data: bytes) -> None:
    """Run it and show on the console what it prints and how it ends."""
    if not user_data.strip():
        return
    found = scripts(user_data)
    if not found:
        windows.say("user data is no script that this guest knows: nothing was run\n")
    for number, (language, body) in enumerate(found):
        suffix = "ps1" if language == "powershell" else "bat"
        path = f"C:\\Windows\\Temp\\user-data-{number}.{suffix}"
        windows.disk.write(path, body.replace("\r\n", "\n").replace("\n", "\r\n").encode())
        command = f"powershell.exe -NonInteractive -ExecutionPolicy Bypass -File {path}"
        _run(windows, command if language == "powershell" else f"cmd.exe /c {path}")
    windows.installation.user_data_done = True


def _run(windows: Windows, command: str) -> None:
    output = Buffer()
    context = windows.context("SYSTEM", no_input(), output, output)
    process = windows.processes.start("user data", lambda ctx: programs.run_line(windows, command, ctx), context)
    process.done.wait()
    windows.say(output.data.decode(errors="replace").replace("\r\n", "\n"))
    windows.say(f"user data has ended with exit code {process.exit_code}\n")
