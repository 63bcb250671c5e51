"""Machine images for Alibaba Cloud and Huawei Cloud from Packer templates, without Packer.

The public names; each is loaded when it is first used, so that importing this package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from imagesmith.version import __version__

if TYPE_CHECKING:
    from imagesmith import errors, events
    from imagesmith.api import Build, build, validate
    from imagesmith.interfaces import Artifact
    from imagesmith.post_processors.artifice import Artifice
    from imagesmith.post_processors.checksum import Checksum
    from imagesmith.post_processors.compress import Compress
    from imagesmith.post_processors.manifest import Manifest
    from imagesmith.provisioners.ansible import Ansible
    from imagesmith.provisioners.ansible_local import AnsibleLocal
    from imagesmith.provisioners.file import File
    from imagesmith.provisioners.hcp_sbom import HcpSbom
    from imagesmith.provisioners.powershell import Powershell
    from imagesmith.provisioners.reboot import Reboot
    from imagesmith.provisioners.shell import Shell
    from imagesmith.provisioners.shell_local import ShellLocal
    from imagesmith.provisioners.sleep import Sleep
    from imagesmith.provisioners.windows_restart import WindowsRestart
    from imagesmith.provisioners.windows_shell import WindowsShell
    from imagesmith.settings import RunSettings
    from imagesmith.waiting import CancelToken

__all__ = [
    "Ansible",
    "AnsibleLocal",
    "Artifact",
    "Artifice",
    "Build",
    "CancelToken",
    "Checksum",
    "Compress",
    "File",
    "HcpSbom",
    "Manifest",
    "Powershell",
    "Reboot",
    "RunSettings",
    "Shell",
    "ShellLocal",
    "Sleep",
    "WindowsRestart",
    "WindowsShell",
    "__version__",
    "build",
    "errors",
    "events",
    "validate",
]

_HOMES = {
    "Ansible": "imagesmith.provisioners.ansible",
    "AnsibleLocal": "imagesmith.provisioners.ansible_local",
    "Artifact": "imagesmith.interfaces",
    "Artifice": "imagesmith.post_processors.artifice",
    "Build": "imagesmith.api",
    "CancelToken": "imagesmith.waiting",
    "Checksum": "imagesmith.post_processors.checksum",
    "Compress": "imagesmith.post_processors.compress",
    "File": "imagesmith.provisioners.file",
    "HcpSbom": "imagesmith.provisioners.hcp_sbom",
    "Manifest": "imagesmith.post_processors.manifest",
    "Powershell": "imagesmith.provisioners.powershell",
    "Reboot": "imagesmith.provisioners.reboot",
    "RunSettings": "imagesmith.settings",
    "Shell": "imagesmith.provisioners.shell",
    "ShellLocal": "imagesmith.provisioners.shell_local",
    "Sleep": "imagesmith.provisioners.sleep",
    "WindowsRestart": "imagesmith.provisioners.windows_restart",
    "WindowsShell": "imagesmith.provisioners.windows_shell",
    "build": "imagesmith.api",
    "validate": "imagesmith.api",
}


def __getattr__(name: str) -> Any:
    if name in ("errors", "events"):
        return importlib.import_module(f"imagesmith.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'imagesmith' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
