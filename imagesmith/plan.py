"""The one in-memory model that every template language is loaded into, and that a build is run from.

A `Plan` knows no cloud and no file format. What a plugin was given is a `Configuration`, decoded when it is needed:
once when the plan is checked, and once more right before it is used, when run-time values (``build.ID``,
``{{ build `Host` }}``) are known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar

from imagesmith.errors import Diagnostic, Location, UsageError
from imagesmith.options import Options, complete

AnyOptions = TypeVar("AnyOptions", bound=Options)

UNKNOWN = "<unknown>"
"""What a run-time value reads as while the plan is only checked."""


class Configuration(Protocol):
    """A plugin's options as somebody gave them."""

    @property
    def location(self) -> Location | None:
        """Where the block begins."""
        ...

    def decode(self, options: type[AnyOptions], runtime: Mapping[str, object] | None = None) -> AnyOptions:
        """The options as an object. ``runtime`` holds the ``build`` variables; None while they are unknown.

        Raises `imagesmith.errors.TemplateError` with every problem found.
        """
        ...


class Renderer(Protocol):
    """Renders Go-template text at run time with the functions of the template's language."""

    def __call__(self, text: str, data: Mapping[str, object], runtime: Mapping[str, object]) -> str:
        """``data`` are the ``{{ .Name }}`` values, ``runtime`` the ``{{ build `Name` }}`` ones."""
        ...


@dataclass(frozen=True, slots=True)
class GivenOptions:
    """A `Configuration` for library users: the option object itself."""

    options: Options
    location: Location | None = None

    def decode(self, options: type[AnyOptions], runtime: Mapping[str, object] | None = None) -> AnyOptions:
        if not isinstance(self.options, options):
            raise UsageError(f"{type(self.options).__name__} was given where {options.__name__} is wanted")
        return complete(self.options)


@dataclass(frozen=True, slots=True)
class PlannedProvisioner:
    """One provisioner of one build; ``only``, ``except`` and ``override`` are already applied. Times in seconds."""

    type: str
    configuration: Configuration
    name: str = ""
    pause_before_s: float = 0.0
    timeout_s: float = 0.0
    max_retries: int = 0
    continue_on_error: bool = False


@dataclass(frozen=True, slots=True)
class PlannedPostProcessor:
    """One post-processor of one chain; ``keep_input_artifact`` is None where the template does not say."""

    type: str
    configuration: Configuration
    name: str = ""
    keep_input_artifact: bool | None = None


@dataclass(frozen=True, slots=True)
class PlannedBuild:
    """One image to be made.

    ``name`` is the full name (``-only`` matches it, people see it), ``short_name`` is what scripts get as
    PACKER_BUILD_NAME, ``block_name`` is the name of the build block that it comes from.
    """

    name: str
    type: str
    source: Configuration
    render: Renderer
    short_name: str = ""
    block_name: str = ""
    provisioners: tuple[PlannedProvisioner, ...] = ()
    error_cleanup: PlannedProvisioner | None = None
    post_processors: tuple[tuple[PlannedPostProcessor, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedVariable:
    """A variable of the template with its final value; ``value`` is None while it is unset.

    ``show`` gives the value as people see it (HCL2 only), without anything of a sensitive one.
    """

    name: str
    value: Any
    default: Any = None
    required: bool = False
    sensitive: bool = False
    description: str = ""
    show: Callable[[], str] = field(default=str, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class PlannedBlock:
    """A build block as it is written, whatever -only, ``only`` and their like leave of it.

    ``sources`` are types and names; steps are named by their type, and a name of their own behind a dot. A JSON
    template is one block.
    """

    name: str = ""
    description: str = ""
    sources: tuple[tuple[str, str], ...] = ()
    provisioners: tuple[str, ...] = ()
    post_processors: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a template asks for, in the order in which it is to be run and shown."""

    path: str
    language: str
    builds: tuple[PlannedBuild, ...]
    variables: tuple[PlannedVariable, ...] = ()
    locals: tuple[PlannedVariable, ...] = ()
    blocks: tuple[PlannedBlock, ...] = ()
    description: str = ""
    secrets: tuple[str, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    foreign_plugins: Mapping[str, str] = field(default_factory=dict)
    """The plugins that the template requires and imagesmith does not have: local name -> source."""


DataMode = Literal["read", "built-in", "unknown"]
"""Which data sources are read: all, those of the core only (``null``, ``http``), or none; the others are unknown."""

AttachData = Callable[[str, Any], Any]
"""Points a data source's options at another cloud: gets the type and the options, returns the options to use."""


@dataclass(frozen=True, slots=True)
class TemplateRequest:
    """What the caller says about a template: the same for every language.

    ``variables`` are ``-var`` values in order (text, or for library users any plain data), ``only`` and ``exclude`` are
    the patterns of ``-only`` and ``-except``, ``language`` is "", "json" or "hcl2". ``tolerant`` accepts unset
    variables (``inspect``). ``reserved`` are the ``packer_*`` facts: debug, force, on_error. ``syntax_only`` stops
    before locals, data sources and builds. ``data_sources`` says which data sources are read, ``attach_data`` where,
    ``sequential`` that all of them come before the locals.
    """

    path: str
    variables: Sequence[tuple[str, object]] = ()
    variable_files: Sequence[str] = ()
    only: Sequence[str] = ()
    exclude: Sequence[str] = ()
    language: str = ""
    force: bool = False
    debug: bool = False
    on_error: str = "cleanup"
    tolerant: bool = False
    warn_undeclared: bool = False
    environ: Mapping[str, str] | None = None
    syntax_only: bool = False
    data_sources: DataMode = "read"
    attach_data: AttachData | None = None
    sequential: bool = False
