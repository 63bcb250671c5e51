r"""A Windows-shaped machine: a WinRM server with a small cmd and a small PowerShell behind it, and a disk in memory.

What is real: the protocol (WS-Management over HTTP and HTTPS, Basic, NTLM with sealed messages, Windows' own codes of
faults, timeouts and quotas), power, users, the disk, the settings of the service. What is ours: the programs. ``cmd``
and ``powershell`` know what installing and configuring needs and nothing more; whatever they don't know is refused
with an error and exit code 1, never passed over. No program of the host runs on behalf of a guest (Wine's cmd.exe
would have the host's files and network, and a ``powershell.exe`` that does nothing and says that it has succeeded), so
that a guest is the same on every host; the tests compare the small cmd with Wine's where that is installed.

A test starts a machine without a cloud like this::

    from imagesmith_simulator.machines.interface import MachineSpec
    from imagesmith_simulator.machines.windows import WindowsKind

    kind = WindowsKind(winrm=True)      # the listener is open from the start; without winrm=True user data opens it
    machine = kind.create(MachineSpec(id="i-1", hostname="win1", os="windows",
                                      username="Administrator", password="Pa55w.rd"))
    endpoint = machine.listen("127.77.9.1")     # any loopback address that is yours: 5985 (HTTP) and 5986 (HTTPS)
    machine.boot()                              # returns at once; wait until the port accepts
    ...
    machine.windows.disk.file("C:\\a.txt").data     # look into it
    machine.windows.winrm.basic = False             # settings can be changed while it runs
    kind.close()
"""

from imagesmith_simulator.machines.windows.kind import WindowsKind

__all__ = ["WindowsKind"]
