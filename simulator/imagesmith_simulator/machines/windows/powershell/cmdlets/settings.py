"""Cmdlets that configure: services, WinRM, the firewall, users, execution policy."""

from __future__ import annotations

from typing import Any

from imagesmith_simulator.machines.windows.powershell.cmdlets import Call, cmdlet
from imagesmith_simulator.machines.windows.powershell.values import NamedValues, Record, failure, items, text
from imagesmith_simulator.machines.windows.programs import services


@cmdlet("Set-ExecutionPolicy", positional=("ExecutionPolicy", "Scope"), switches=("Force",))
def set_execution_policy(call: Call) -> None:
    """Which script files may run."""
    if call.text("Scope", "LocalMachine").lower() == "localmachine":
        call.engine.windows.installation.execution_policy = call.text("ExecutionPolicy")
    call.engine.execution_policy = call.text("ExecutionPolicy")


@cmdlet("Get-ExecutionPolicy", positional=("Scope",), switches=("List",))
def get_execution_policy(call: Call) -> None:
    """Which script files may run."""
    call.emit(call.engine.execution_policy or call.engine.windows.installation.execution_policy)


def _service(call: Call, name: str) -> Record | None:
    known = {item.lower(): item for item in call.engine.windows.installation.services}
    if name.lower() not in known:
        call.error(
            f"Cannot find any service with service name '{name}'.",
            "Microsoft.PowerShell.Commands.ServiceCommandException",
            category="ObjectNotFound",
        )
        return None
    running = call.engine.windows.winrm.running if name.lower() == "winrm" else True
    spelled = known[name.lower()]
    start = call.engine.windows.installation.services[spelled]
    return Record(
        NamedValues(
            {"Status": "Running" if running else "Stopped", "Name": spelled, "DisplayName": spelled, "StartType": start}
        ),
        text="",
    )


def _names(call: Call) -> list[str]:
    return [
        text(value.properties.get("Name")) if isinstance(value, Record) else text(value)
        for value in call.subjects("Name")
    ]


@cmdlet("Get-Service", "gsv", positional=("Name",), named=("DisplayName",))
def get_service(call: Call) -> None:
    """Services and whether they run."""
    for name in _names(call) or list(call.engine.windows.installation.services):
        found = _service(call, name)
        if found:
            call.emit(found)


@cmdlet("Start-Service", "sasv", positional=("Name",), switches=("PassThru",))
def start_service(call: Call) -> None:
    """Start services."""
    for name in _names(call):
        if _service(call, name):
            services.set_service(call.engine.windows, name, running=True)


@cmdlet("Stop-Service", "spsv", positional=("Name",), switches=("PassThru", "Force"))
def stop_service(call: Call) -> None:
    """Stop services."""
    for name in _names(call):
        if _service(call, name):
            services.set_service(call.engine.windows, name, running=False)


@cmdlet("Restart-Service", positional=("Name",), switches=("PassThru", "Force"))
def restart_service(call: Call) -> None:
    """Stop and start services."""
    stop_service(call)
    start_service(call)


@cmdlet("Set-Service", positional=("Name",), named=("StartupType", "Status"), switches=("PassThru",))
def set_service(call: Call) -> None:
    """When a service is started."""
    for name in _names(call):
        found = _service(call, name)
        if found and "StartupType" in call.values:
            call.engine.windows.installation.services[text(found.properties["Name"])] = call.text("StartupType")
        if found and "Status" in call.values:
            services.set_service(call.engine.windows, name, running=call.text("Status").lower() == "running")


@cmdlet("Enable-PSRemoting", "Set-WSManQuickConfig", switches=("Force", "SkipNetworkProfileCheck", "UseSSL"))
def enable_remoting(call: Call) -> None:
    """Open the listener."""
    windows = call.engine.windows
    services.set_service(windows, "WinRM", running=True)
    services.add_listener(windows, "HTTPS" if call.flag("UseSSL") else "HTTP")


@cmdlet(
    "New-SelfSignedCertificate",
    named=("DnsName", "CertStoreLocation", "Subject", "NotAfter", "KeyLength", "FriendlyName"),
)
def new_self_signed_certificate(call: Call) -> None:
    """The machine's own certificate: it has been made at boot."""
    certificate = call.engine.windows.certificate
    call.emit(Record(NamedValues({"Thumbprint": certificate.thumbprint, "Subject": f"CN={call.text('DnsName')}"})))


@cmdlet(
    "New-NetFirewallRule",
    "Set-NetFirewallRule",
    "Enable-NetFirewallRule",
    "Remove-NetFirewallRule",
    named=(
        "Name",
        "DisplayName",
        "DisplayGroup",
        "Group",
        "Description",
        "Direction",
        "Protocol",
        "LocalPort",
        "Action",
        "Profile",
        "RemoteAddress",
        "Enabled",
    ),
)
def firewall_rule(call: Call) -> None:
    """The guest's own firewall is off in the clouds' images, so that rules change nothing."""


@cmdlet("Set-NetFirewallProfile", named=("Profile", "Enabled", "All"))
def firewall_profile(call: Call) -> None:
    """The guest's own firewall is off."""


@cmdlet(
    "Set-NetConnectionProfile",
    "Get-NetConnectionProfile",
    named=("NetworkCategory", "InterfaceIndex", "InterfaceAlias", "Name", "InputObject"),
)
def connection_profile(call: Call) -> None:
    """The network is private."""


@cmdlet("ConvertTo-SecureString", positional=("String",), switches=("AsPlainText", "Force"))
def convert_to_secure_string(call: Call) -> None:
    """A text that is not shown."""
    for value in call.subjects("String"):
        call.emit(
            Record(NamedValues({"Secret": text(value)}), "System.Security.SecureString", "System.Security.SecureString")
        )


def _secret(value: Any) -> str:
    return text(value.properties.get("Secret")) if isinstance(value, Record) else text(value)


@cmdlet(
    "Set-LocalUser",
    "New-LocalUser",
    positional=("Name",),
    named=("Password", "FullName", "Description", "PasswordNeverExpires"),
    switches=("AccountNeverExpires", "NoPassword"),
)
def set_local_user(call: Call) -> None:
    """A user's password."""
    windows = call.engine.windows
    for given in _names(call):
        name = windows.known_user(given) or given
        if "Password" in call.values:
            windows.installation.passwords[name] = _secret(call.get("Password"))
            windows.disk.make_folder(f"C:\\Users\\{name}")


@cmdlet("Get-LocalUser", positional=("Name",))
def get_local_user(call: Call) -> None:
    """The users."""
    windows = call.engine.windows
    for given in _names(call) or sorted({"Administrator", *windows.installation.passwords}):
        if not windows.known_user(given):
            call.error(
                f"User {given} was not found.",
                "Microsoft.PowerShell.Commands.UserNotFoundException",
                category="ObjectNotFound",
            )
            continue
        name = windows.known_user(given)
        call.emit(Record(NamedValues({"Name": name, "Enabled": True, "Description": ""}), text=name))


@cmdlet("Add-LocalGroupMember", positional=("Group", "Member"))
def add_local_group_member(call: Call) -> None:
    """Put users into a group."""
    if call.text("Group").lower() != "administrators":
        raise failure(
            f"Group {call.text('Group')} was not found.", "Microsoft.PowerShell.Commands.GroupNotFoundException"
        )
    for name in items(call.get("Member")):
        call.engine.windows.installation.administrators.add(text(name))
