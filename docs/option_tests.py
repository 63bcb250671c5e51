"""The page that says which test shows the effect of each option, read from the marks in the tests."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from imagesmith import options
from imagesmith.communicator import CommunicatorOptions
from imagesmith.post_processors.artifice import Artifice
from imagesmith.post_processors.checksum import Checksum
from imagesmith.post_processors.compress import Compress
from imagesmith.post_processors.manifest import Manifest
from imagesmith.post_processors.shell_local import ShellLocal as PostShellLocal
from imagesmith.provisioners.ansible import Ansible
from imagesmith.provisioners.ansible_local import AnsibleLocal
from imagesmith.provisioners.hcp_sbom import HcpSbom
from imagesmith.provisioners.powershell import Powershell
from imagesmith.provisioners.reboot import Reboot
from imagesmith.provisioners.shell_local import ShellLocal
from imagesmith.provisioners.windows_restart import WindowsRestart
from imagesmith.provisioners.windows_shell import WindowsShell
from imagesmith_huaweicloud import (
    DataDisk,
    HuaweicloudEcs,
    HuaweicloudImages,
    HuaweicloudImport,
    ImageFilters,
    SourceImageFilter,
)
from imagesmith_huaweicloud.access_options import AccessOptions

_ROOT = Path(__file__).parent.parent
_INTRODUCTION = """<!-- made by docs/generate.py from the option tables and the marks in tests/; edit those -->
# Which test shows what an option does

Each test named here looks at what arrives at the simulated cloud, at a real sshd or in a file, and runs a second time
with the option ignored: it has to fail then. An option without a test fails `make check`."""
_SECTIONS: Sequence[tuple[str, type[options.Options]]] = (
    ("Account and endpoints, of all of them", AccessOptions),
    ("Builder `huaweicloud-ecs`", HuaweicloudEcs),
    ("Its block `data_disks`", DataDisk),
    ("Its block `source_image_filter`", SourceImageFilter),
    ("The block `filters` in it", ImageFilters),
    ("Data source `huaweicloud-images`", HuaweicloudImages),
    ("Post-processor `huaweicloud-import`", HuaweicloudImport),
    ("Provisioner `ansible`", Ansible),
    ("Provisioner `ansible-local`", AnsibleLocal),
    ("Provisioner `hcp-sbom`", HcpSbom),
    ("Provisioner `shell-local`", ShellLocal),
    ("Post-processor `artifice`", Artifice),
    ("Post-processor `checksum`", Checksum),
    ("Post-processor `compress`", Compress),
    ("Post-processor `manifest`", Manifest),
    ("Post-processor `shell-local`", PostShellLocal),
    ("The way into the instance, of every builder", CommunicatorOptions),
    ("Provisioner `powershell`", Powershell),
    ("Provisioner `windows-shell`", WindowsShell),
    ("Provisioner `windows-restart`", WindowsRestart),
    ("Provisioner `reboot`", Reboot),
)
_Shown = Mapping[str, Mapping[str, Sequence[str]]]
_SHARED = (AccessOptions, CommunicatorOptions)
_ALWAYS = {
    "ssh_clear_authorized_keys": "*Always so:* `tests/builds/test_what_an_image_holds.py`",
    "ssh_disable_agent_forwarding": "*Always so:* `tests/communicators/ssh/test_login.py::test_no_agent_is_forwarded`",
}
_REFUSED = "*Not supported yet: `validate` warns of it, `build` refuses it.*"


def page() -> str:
    """The whole page."""
    shown = _marked_tests(_ROOT / "tests")
    parts = [_INTRODUCTION]
    for title, owner in _SECTIONS:
        rows = [f"| `{record.name}` | {_cell(owner, record, shown)} |" for record in _records(owner)]
        parts.append(f"## {title}\n\n| option | shown by |\n| --- | --- |\n" + "\n".join(rows))
    return "\n\n".join(parts) + "\n"


def untested() -> Iterator[str]:
    """The options that no test shows: ``HuaweicloudEcs.volume_size``, …"""
    shown = _marked_tests(_ROOT / "tests")
    for _, owner in _SECTIONS:
        for record in _records(owner):
            if not _cell(owner, record, shown):
                yield f"{owner.__name__}.{record.attribute}"


def _records(owner: type[options.Options]) -> Iterator[options.Option]:
    """The options of a table that are its own."""
    shared = {name for part in _SHARED if part is not owner for name in options.table(part)}
    return (record for name, record in options.table(owner).items() if name not in shared)


def _cell(owner: type[options.Options], record: options.Option, shown: _Shown) -> str:
    if record.no_effect:
        return f"*No effect, which `validate` says: {record.no_effect}.*"
    later = record.not_yet or owner is HuaweicloudImport
    tests = shown[owner.__name__].get(record.attribute, ())
    return "<br>".join(tests) or _ALWAYS.get(record.name, _REFUSED if later else "")


def _marked_tests(folder: Path) -> _Shown:
    """Class name -> option -> tests, from the decorators ``@shows(Class, "option", …)``."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for path in sorted(folder.rglob("test_*.py")):
        for test in ast.parse(path.read_text()).body:
            for owner, name in _marks(test):
                found[owner][name].append(f"`{path.relative_to(_ROOT)}::{test.name}`")  # type: ignore[attr-defined]
    return found


def _marks(test: ast.stmt) -> Iterator[tuple[str, str]]:
    for mark in test.decorator_list if isinstance(test, ast.FunctionDef) else ():
        match mark:
            case ast.Call(func=ast.Name(id="shows"), args=[ast.Name(id=owner), *names]):
                yield from ((owner, str(name.value)) for name in names if isinstance(name, ast.Constant))
