"""``imagesmith plugins``: what is built in, and what a template asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from imagesmith.cli import template_flags
from imagesmith.cli.command import Command, Invocation
from imagesmith.cli.flags import Flag
from imagesmith.cli.report import Printer
from imagesmith.errors import UsageError

_FLAGS = (
    Flag("path", "text", "Accepted for Packer's scripts: a plugin binary, which can't be used.", "", "FILE"),
    Flag(
        "force",
        "boolean",
        "Accepted for Packer's scripts.",
        False,
        without_effect="plugins are built in, so nothing is ever downloaded or replaced",
    ),
    *template_flags.SELECTION,
)
_PIP = "other builders, provisioners and post-processors come as Python packages: pip install PACKAGE"


def _run(invocation: Invocation) -> int:
    arguments = invocation.parsed.arguments
    if not arguments:
        from imagesmith.cli.help import command_help

        print(command_help(COMMAND, invocation.program))  # noqa: T201
        return 1
    action = _ACTIONS.get(arguments[0])
    if action is None:
        import difflib

        close = difflib.get_close_matches(arguments[0], _ACTIONS, n=1)
        hint = f'did you mean "{close[0]}"?' if close else f"write plugins {'|'.join(_ACTIONS)}"
        raise UsageError(f'plugins has no command "{arguments[0]}"', hint=hint)
    printer = Printer(invocation.program, invocation.machine_readable)
    printer.notices(invocation.parsed.notices)
    return action(invocation, arguments[1:], printer)


def _installed(invocation: Invocation, arguments: tuple[str, ...], printer: Printer) -> int:
    from imagesmith.template import required_plugins

    if arguments:
        raise UsageError("plugins installed takes no argument", hint="plugins required TEMPLATE tells of a template")
    for kind, name, origin in required_plugins.installed():
        noun = required_plugins.NOUNS[kind]
        if invocation.machine_readable:
            _record("plugin", noun, name, origin)
        else:
            printer.result(f"{noun:<15} {name:<15} {origin}")
    return 0


def _required(invocation: Invocation, arguments: tuple[str, ...], printer: Printer) -> int:
    from imagesmith.template import required_plugins

    if len(arguments) != 1:
        raise UsageError("plugins required takes one template", hint="write plugins required TEMPLATE")
    found = required_plugins.required(arguments[0], invocation.parsed["config-type"])
    for plugin in found:
        if invocation.machine_readable:
            parts = [f"{required_plugins.NOUNS[kind]} {name}" for kind, name in plugin.parts]
            _record("required-plugin", plugin.name, plugin.source, plugin.version, *parts)
        else:
            printer.result(plugin.told())
    if not found:
        printer.result("The template requires no plugins.")
    return 0


def _install(invocation: Invocation, arguments: tuple[str, ...], printer: Printer) -> int:
    from imagesmith.template import required_plugins
    from imagesmith.template.hcl2.versions import allows

    if invocation.parsed["path"]:
        raise UsageError("Packer's plugin binaries can't be used here", hint=_PIP)
    source = _source(arguments, "install")
    for constraint in arguments[1:2]:
        try:
            allows(constraint, "1.0.0")
        except ValueError:
            raise UsageError(f'"{constraint}" is not a version constraint', hint='write it like "1.2.3"') from None
    parts = required_plugins.parts_of_source(source)
    if not parts:
        raise UsageError(f"the plugin {source} can't be installed: Packer's plugins are not used here", hint=_PIP)
    if not invocation.as_packer:
        named = ", ".join(f"{required_plugins.NOUNS[kind]} {name}" for kind, name in parts)
        printer.result(f"{source} is built in: {named}. Nothing is to be installed.")
    return 0


def _remove(_invocation: Invocation, arguments: tuple[str, ...], _printer: Printer) -> int:
    from imagesmith.template import required_plugins

    source = _source(arguments, "remove")
    if required_plugins.parts_of_source(source):
        raise UsageError(f"the plugin {source} is built in and can't be removed", hint="leave this command out")
    raise UsageError(f"the plugin {source} is not installed", hint="plugins installed lists what is built in")


def _source(arguments: tuple[str, ...], action: str) -> str:
    if not 1 <= len(arguments) <= 2:
        raise UsageError(
            f"plugins {action} takes a source and perhaps a version",
            hint=f"for example plugins {action} github.com/hashicorp/alicloud",
        )
    return arguments[0]


def _record(kind: str, *fields: str) -> None:
    import time

    from imagesmith.ui.machine_readable import encode

    print(encode(time.time(), "", kind, *fields))  # noqa: T201


_ACTIONS: Mapping[str, Callable[[Invocation, tuple[str, ...], Printer], int]] = {
    "installed": _installed,
    "required": _required,
    "install": _install,
    "remove": _remove,
}

COMMAND = Command(
    "plugins",
    "plugins installed | required TEMPLATE | install SOURCE [VERSION] | remove SOURCE [VERSION]",
    "installed lists the builders, provisioners, post-processors and communicators that are there; required shows what "
    "a template's required_plugins ask for and what answers. The plugins are built in: install succeeds for them "
    "without doing anything and refuses all others, remove refuses always. 'plugin' is the same command.",
    _FLAGS,
    _run,
    ("plugins installed", "plugins required web.pkr.hcl"),
    tuple(_ACTIONS),
)
