"""``imagesmith init``: say that there is nothing to install, or which plugin is missing."""

from __future__ import annotations

from imagesmith.cli import template_flags
from imagesmith.cli.command import Command, Invocation
from imagesmith.cli.flags import Flag
from imagesmith.cli.report import Printer

_BUILT_IN = "plugins are built in, so nothing is ever downloaded or replaced"
_FLAGS = (
    Flag("upgrade", "boolean", "Accepted for Packer's scripts.", False, without_effect=_BUILT_IN),
    Flag("force", "boolean", "Accepted for Packer's scripts.", False, without_effect=_BUILT_IN),
    *template_flags.SELECTION,
)


def _run(invocation: Invocation) -> int:
    from imagesmith.template import required_plugins

    parsed = invocation.parsed
    path = template_flags.template_argument(parsed)
    printer = Printer(invocation.program, invocation.machine_readable)
    printer.notices(parsed.notices)
    found = required_plugins.required(path, parsed["config-type"])
    if found and invocation.as_packer:
        # Packer says nothing where every plugin is there already.
        return 0
    for plugin in found:
        printer.result(plugin.told())
    printer.result("Nothing is to be installed." if found else "The template requires no plugins.")
    return 0


COMMAND = Command(
    "init",
    "init [FLAGS] TEMPLATE",
    "Check that everything that a template's required_plugins name is there. The plugins are built in, so nothing is "
    "downloaded and no network is used; a plugin that is not built in is an error. No build needs this command.",
    _FLAGS,
    _run,
    ("init .", "init web.pkr.hcl"),
)
