"""The library: build a template file, or a build made of objects.

    artifacts = imagesmith.build("web.pkr.hcl", variables={"region": "cn-beijing"})

    image = imagesmith.Build(
        source=AlicloudEcs(region="cn-beijing", image_name="web", ...),
        provisioners=[Shell(inline=["apt-get install -y nginx"])],
    ).run()

Both may be called from several threads. Errors are those of `imagesmith.errors`; nothing here exits or prints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from imagesmith import plan as planning
from imagesmith import plugin
from imagesmith.checking import check_plan
from imagesmith.communicator import CommunicatorOptions
from imagesmith.errors import BuildsFailed, Diagnostic, LeftoversRemain
from imagesmith.events import EventSink
from imagesmith.interfaces import Artifact
from imagesmith.options import Options
from imagesmith.runner import RunOutcome, run_plan
from imagesmith.settings import RunSettings
from imagesmith.simulation import Simulation

__all__ = ["Build", "build", "validate"]


def _ignore(_event: object) -> None:
    """The event sink of callers who want none."""


def build(
    template: str | Path,
    *,
    variables: Mapping[str, object] | None = None,
    variable_files: Sequence[str | Path] = (),
    only: Sequence[str] = (),
    exclude: Sequence[str] = (),
    on_event: EventSink = _ignore,
    settings: RunSettings | None = None,
) -> list[Artifact]:
    """Build a template file or folder; returns the artifacts of all its builds, in the template's order.

    ``variables`` are what ``-var`` gives, ``only`` and ``exclude`` what ``-only`` and ``-except`` give. ``on_event`` is
    called with every `imagesmith.events.Event`, one at a time, from any thread.

    Raises `imagesmith.errors.TemplateError` before anything is created, the build's own error when one build fails,
    `BuildsFailed` when several do, `LeftoversRemain` when the builds went well but something could not be deleted.
    """
    from imagesmith.template import load

    settings = settings or RunSettings()
    request = _request(template, variables, variable_files, only, exclude, settings)
    with Simulation(settings.simulate_options, settings.clouds) as simulation:
        if settings.simulate:
            request = replace(request, attach_data=simulation.attach_data)
        plan = load(request)
        return _result(run_plan(plan, replace(settings, clouds=simulation.clouds), on_event))


def validate(
    template: str | Path,
    *,
    variables: Mapping[str, object] | None = None,
    variable_files: Sequence[str | Path] = (),
    evaluate_data_sources: bool = False,
) -> list[Diagnostic]:
    """Check a template without touching any cloud; returns warnings, raises `imagesmith.errors.TemplateError`.

    What only this release can't build is a warning with ``not_yet``; `build` refuses it. With
    ``evaluate_data_sources`` the data sources are read, which may ask a cloud; else their values count as unknown.
    """
    from imagesmith.template import load

    request = _request(template, variables, variable_files, (), (), RunSettings())
    plan = load(replace(request, data_sources="read" if evaluate_data_sources else "unknown"))
    return [*plan.warnings, *check_plan(plan)]


@dataclass(frozen=True, kw_only=True)
class Build:
    """One image to be made, without a template file.

    ``source`` are the builder's options, ``provisioners`` run in order, ``post_processors`` are one chain. Text in
    options that Packer renders at run time (``{{ .Path }}`` in an execute_command) is rendered here too.
    """

    source: CommunicatorOptions
    provisioners: Sequence[Options] = ()
    post_processors: Sequence[Options] = ()
    error_cleanup: Options | None = None
    name: str = ""
    settings: RunSettings = field(default_factory=RunSettings)

    def run(self, on_event: EventSink = _ignore) -> Artifact:
        """Build, and return the image. Raises as `imagesmith.build` does."""
        return _result(run_plan(self.plan(), self.settings, on_event))[0]

    def plan(self) -> planning.Plan:
        """The plan that `run` runs."""
        from imagesmith.template.rendering import Interpolation

        builder_type = str(getattr(self.source, "builder_type"))  # noqa: B009 - part of every builder's options
        name = self.name or builder_type
        interpolation = Interpolation(language="hcl2", build_name=name, build_type=builder_type, template_path="")
        planned = planning.PlannedBuild(
            name=name,
            type=builder_type,
            source=planning.GivenOptions(self.source),
            render=interpolation.at_run,
            short_name=name,
            provisioners=tuple(_provisioner(one) for one in self.provisioners),
            error_cleanup=_provisioner(self.error_cleanup) if self.error_cleanup else None,
            post_processors=(tuple(_post_processor(one) for one in self.post_processors),)
            if self.post_processors
            else (),
        )
        return planning.Plan(path="", language="python", builds=(planned,))


def _provisioner(options: Options) -> planning.PlannedProvisioner:
    return planning.PlannedProvisioner(
        plugin.name_of("provisioners", type(options)), configuration=planning.GivenOptions(options)
    )


def _post_processor(options: Options) -> planning.PlannedPostProcessor:
    return planning.PlannedPostProcessor(
        plugin.name_of("post_processors", type(options)), configuration=planning.GivenOptions(options)
    )


def _request(
    template: str | Path,
    variables: Mapping[str, object] | None,
    variable_files: Sequence[str | Path],
    only: Sequence[str],
    exclude: Sequence[str],
    settings: RunSettings,
) -> planning.TemplateRequest:
    return planning.TemplateRequest(
        path=str(template),
        variables=tuple((variables or {}).items()),
        variable_files=tuple(map(str, variable_files)),
        only=tuple(only),
        exclude=tuple(exclude),
        force=settings.force,
        debug=settings.debug,
        on_error=settings.on_error,
    )


def _result(outcome: RunOutcome) -> list[Artifact]:
    if len(outcome.errors) == 1:
        raise next(iter(outcome.errors.values()))
    if outcome.errors:
        raise BuildsFailed(dict(outcome.errors))
    if outcome.leftovers:
        raise LeftoversRemain(outcome.leftovers, hint=f"try: imagesmith cleanup {outcome.run_id}")
    return [artifact for made in outcome.artifacts.values() for artifact in made]
