"""The flags that say which template with which variables: the same for every command that reads one."""

from __future__ import annotations

from imagesmith.cli.flags import Flag, Parsed
from imagesmith.errors import UsageError
from imagesmith.plan import AttachData, DataMode, TemplateRequest

VARIABLES: tuple[Flag, ...] = (
    Flag("var", "pairs", "Set a variable of the template; may be repeated."),
    Flag("var-file", "texts", "Read variables from a JSON or HCL2 file; may be repeated.", value="FILE"),
)

SELECTION: tuple[Flag, ...] = (
    *VARIABLES,
    Flag("only", "names", "Take only these builds, by name or pattern.", value="A,B"),
    Flag("except", "names", "Take all builds and post-processors but these.", value="A,B"),
    Flag(
        "config-type", "choice", "The template's language, where its name does not tell.", "", choices=("json", "hcl2")
    ),
)

PACKER_ONLY: tuple[Flag, ...] = (
    Flag(
        "ignore-prerelease-plugins",
        "boolean",
        "Accepted for Packer's scripts.",
        False,
        without_effect="plugins are built in or installed with pip",
    ),
)

SEQUENTIAL = Flag(
    "use-sequential-evaluation",
    "boolean",
    "Read all data sources before any local is evaluated, as Packer did before 1.12.",
    False,
)


def template_argument(parsed: Parsed) -> str:
    """The one template (a file, a folder or ``-``). Raises `UsageError` for none and for several."""
    if not parsed.arguments:
        raise UsageError("no template is given", hint="name a file, or a folder with .pkr.hcl files")
    template, *others = parsed.arguments
    if others:
        stray = bool({"true", "false"} & {template, *others})
        hint = "a switch is turned off with -switch=false" if stray else "name one file, or the folder that holds them"
        named = " ".join(parsed.arguments)
        raise UsageError(f"one template is wanted, but there are {1 + len(others)}: {named}", hint=hint)
    return template


def request(
    parsed: Parsed,
    *,
    force: bool = False,
    debug: bool = False,
    on_error: str = "cleanup",
    tolerant: bool = False,
    warn_undeclared: bool = False,
    syntax_only: bool = False,
    data_sources: DataMode = "read",
    attach_data: AttachData | None = None,
) -> TemplateRequest:
    """What the template loader is asked for."""
    return TemplateRequest(
        path=template_argument(parsed),
        variables=parsed["var"],
        variable_files=parsed["var-file"],
        only=parsed["only"],
        exclude=parsed["except"],
        language=parsed["config-type"],
        force=force,
        debug=debug,
        on_error=on_error,
        tolerant=tolerant,
        warn_undeclared=warn_undeclared,
        syntax_only=syntax_only,
        data_sources=data_sources,
        attach_data=attach_data,
        sequential=bool(parsed.values.get(SEQUENTIAL.name)),
    )
