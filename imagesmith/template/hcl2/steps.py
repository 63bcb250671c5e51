"""The provisioners and post-processors of a build block, planned for one of its sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from imagesmith import plugin
from imagesmith.coercion import Refused, duration
from imagesmith.errors import TemplateError
from imagesmith.options import Given
from imagesmith.plan import PlannedPostProcessor, PlannedProvisioner
from imagesmith.template.hcl2 import contexts, nodes
from imagesmith.template.hcl2.bodies import Instance, given, instances, refuse_unknown, text_value, value_of
from imagesmith.template.hcl2.cty import BOOL, NUMBER, STRING, ListOf, MapOf, ObjectOf, to_plain
from imagesmith.template.hcl2.evaluator import evaluate
from imagesmith.template.hcl2.option_values import as_declared
from imagesmith.template.hcl2.problems import Problems, bounded
from imagesmith.template.hcl2.scope import Scope
from imagesmith.template.hcl2.selection import matches
from imagesmith.template.hcl2.source import failure
from imagesmith.template.rendering import Interpolation, TemplateConfiguration

_PROVISIONER_ARGUMENTS = (
    "name",
    "pause_before",
    "max_retries",
    "timeout",
    "continue_on_error",
    "only",
    "except",
    "override",
)
_POST_PROCESSOR_ARGUMENTS = ("name", "only", "except", "keep_input_artifact")
_IN_CHAINS = ("post-processor", "dynamic")


@dataclass(frozen=True, slots=True)
class Target:
    """The source that steps are planned for; ``name`` is its name in the build, ``own_name`` that of its block."""

    block_name: str
    type: str
    name: str
    own_name: str
    interpolation: Interpolation
    exclude: tuple[str, ...]
    environ: Mapping[str, str]
    foreign_plugins: Mapping[str, str] = field(default_factory=dict)

    def scope(self, outer: Scope, runtime: Mapping[str, object] | None) -> Scope:
        """What a step can see."""
        names = {
            "source": contexts.source(self.type, self.name),
            "build": contexts.build(self.block_name, runtime),
        }
        return outer.with_defaults(names)


@dataclass(slots=True)
class Steps:
    """The steps of one build block in their order; each chain of post-processors is a list."""

    provisioners: list[Instance] = field(default_factory=list)
    error_cleanup: Instance | None = None
    chains: list[list[Instance]] = field(default_factory=list)

    @classmethod
    def sorted_from(cls, found: Iterable[Instance], problems: Problems) -> Steps:
        """Pick the steps out of a build's blocks."""
        steps = cls()
        for instance in found:
            kind = instance.block.type
            if kind == "post-processors":
                refuse_unknown(instance.block.body, "A post-processors block", (), _IN_CHAINS, problems)
                chain = [
                    inner
                    for inner in instances(instance.block.body, instance.scope, problems)
                    if inner.block.type == "post-processor" and _is_step(inner, ("post-processor",), problems)
                ]
                steps.chains.append(chain)
            elif kind == "from":
                problems.warn('The block "from" has no effect', location=instance.block.location)
            elif kind not in ("source", "hcp_packer_registry") and _is_step(instance, _STEP_TYPES, problems):
                steps._add(instance, problems)
        return steps

    def _add(self, instance: Instance, problems: Problems) -> None:
        if instance.block.type == "provisioner":
            self.provisioners.append(instance)
        elif instance.block.type == "post-processor":
            self.chains.append([instance])
        elif self.error_cleanup is not None:
            title = "A build can have one error-cleanup-provisioner only"
            problems.add(title, location=instance.block.location)
        else:
            self.error_cleanup = instance

    @property
    def post_processor_names(self) -> list[str]:
        """The names, or else types, that -except can name."""
        return [_name_of(step) for chain in self.chains for step in chain]

    def planned_provisioners(self, target: Target, problems: Problems) -> Iterator[PlannedProvisioner]:
        """The provisioners that run for this source."""
        for step in self.provisioners:
            planned = _provisioner(step, target, problems)
            if planned is not None:
                yield planned

    def planned_error_cleanup(self, target: Target, problems: Problems) -> PlannedProvisioner | None:
        """The provisioner that runs after another has failed, if this source has one."""
        return _provisioner(self.error_cleanup, target, problems) if self.error_cleanup is not None else None

    def planned_post_processors(self, target: Target, problems: Problems) -> Iterator[tuple[PlannedPostProcessor, ...]]:
        """The chains of post-processors that run for this source; -except cuts a chain off."""
        for chain in self.chains:
            planned: list[PlannedPostProcessor] = []
            for step in chain:
                if matches(_name_of(step), target.exclude):
                    break
                post_processor = _post_processor(step, target, problems)
                if post_processor is not None:
                    planned.append(post_processor)
            if planned:
                yield tuple(planned)


_STEP_TYPES = ("provisioner", "error-cleanup-provisioner", "post-processor")


def _is_step(instance: Instance, kinds: Sequence[str], problems: Problems) -> bool:
    block = instance.block
    if block.type not in kinds:
        if block.type not in _STEP_TYPES:
            return False
        problems.add(f'The block "{block.type}" can\'t stand here', location=block.location)
        return False
    if len(instance.labels) != 1:
        hint = (
            f'Write {block.type} "shell" {{ … }}'
            if "provisioner" in block.type
            else f'Write {block.type} "manifest" {{ … }}'
        )
        problems.add(f'The block "{block.type}" has one label, its type', "", hint, block.location)
        return False
    return True


def _name_of(step: Instance) -> str:
    """The name that is written, or else the type."""
    return _own_name_of(step) or step.labels[0]


def full_name_of(step: Instance) -> str:
    """The type, and behind a dot the name that is written."""
    name = _own_name_of(step)
    return f"{step.labels[0]}.{name}" if name else step.labels[0]


def _own_name_of(step: Instance) -> str:
    argument = step.block.body.arguments.get("name")
    if argument is not None:
        try:
            raw = evaluate(argument.expression, step.scope).raw
        except TemplateError:
            raw = None  # What is wrong with the name is reported when the step is planned.
        if isinstance(raw, str):
            return raw
    return ""


def _provisioner(step: Instance, target: Target, problems: Problems) -> PlannedProvisioner | None:
    body, scope = step.block.body, target.scope(step.scope, None)
    kind = step.labels[0]
    retries = value_of(body, "max_retries", NUMBER, scope, problems)
    if retries is not None and not isinstance(retries.raw, int):
        place = body.arguments["max_retries"].expression.location
        problems.add('"max_retries" must be a whole number', location=place)
        retries = None
    _refuse_null(body, scope, problems)
    go_on = value_of(body, "continue_on_error", BOOL, scope, problems)
    configuration = _configuration(step, f'{step.block.type} "{kind}"', target, _PROVISIONER_ARGUMENTS)
    with problems.collecting():
        _overrides(body, target, scope)
    planned = PlannedProvisioner(
        type=kind,
        configuration=configuration,
        name=text_value(body, "name", scope, problems),
        pause_before_s=_seconds(body, "pause_before", scope, problems),
        timeout_s=_seconds(body, "timeout", scope, problems),
        max_retries=max(0, int(retries.raw)) if retries is not None else 0,
        continue_on_error=go_on is not None and go_on.raw is True,
    )
    if _runs_for(body, target, scope, problems):
        return planned
    _refuse_unknown_type(step, "provisioners", target, problems)
    return None


def _refuse_null(body: nodes.Body, scope: Scope, problems: Problems) -> None:
    """Note what may be left out, but can't be null."""
    for name in ("name", "pause_before", "timeout", "max_retries"):
        if (argument := body.arguments.get(name)) is not None:
            with problems.collecting():
                if evaluate(argument.expression, scope).is_null:
                    problems.add(f'"{name}" can\'t be null', "", "Leave it out", argument.expression.location)


def _refuse_unknown_type(step: Instance, kind: plugin.Kind, target: Target, problems: Problems) -> None:
    """Note that nobody knows the type of a step that does not run; of one that does it is found when it is decoded."""
    name = step.labels[0]
    if name in plugin.BUILT_IN[kind] or name in plugin.NOT_YET[kind] or name in plugin.names(kind):
        return
    if plugin.foreign(kind, name, target.foreign_plugins) is not None:
        return
    problems.add(f'There is no {step.block.type} "{name}"', location=step.block.location)


def _post_processor(step: Instance, target: Target, problems: Problems) -> PlannedPostProcessor | None:
    body, scope = step.block.body, target.scope(step.scope, None)
    if not _runs_for(body, target, scope, problems):
        return None
    keep = value_of(body, "keep_input_artifact", BOOL, scope, problems)
    return PlannedPostProcessor(
        type=step.labels[0],
        configuration=_configuration(step, f'post-processor "{step.labels[0]}"', target, _POST_PROCESSOR_ARGUMENTS),
        name=text_value(body, "name", scope, problems),
        keep_input_artifact=None if keep is None else keep.raw is True,
    )


def _runs_for(body: nodes.Body, target: Target, scope: Scope, problems: Problems) -> bool:
    """Whether only and except let the step run for this source; they hold ``type.name``."""
    only = value_of(body, "only", ListOf(STRING), scope, problems)
    exclude = value_of(body, "except", ListOf(STRING), scope, problems)
    if only is not None and exclude is not None and only.raw and exclude.raw:
        place = body.arguments["except"].location
        problems.add('"only" and "except" can\'t be used together', location=place)
    name = f"{target.type}.{target.name}"
    if only is not None and only.raw and name not in [item.raw for item in only.raw]:
        return False
    return exclude is None or name not in [item.raw for item in exclude.raw]


def _seconds(body: nodes.Body, name: str, scope: Scope, problems: Problems) -> float:
    text = text_value(body, name, scope, problems)
    try:
        return duration(text) if text else 0.0
    except Refused as problem:
        place = body.arguments[name].expression.location
        problems.add(f'"{name}" must be a duration', str(problem), "", place)
        return 0.0


def _configuration(step: Instance, owner: str, target: Target, without: Sequence[str]) -> TemplateConfiguration:
    def evaluate_body(runtime: Mapping[str, object] | None) -> list[Given]:
        problems = Problems()
        scope = target.scope(step.scope, runtime)
        with bounded():
            options = given(step.block.body, scope, problems, without)
            with problems.collecting():
                replaced = _overrides(step.block.body, target, scope) if "override" in without else []
                names = {option.name for option in replaced}
                options = [option for option in options if option.name not in names] + replaced
        problems.finish()
        return options

    place = step.block.location
    return TemplateConfiguration(place, evaluate_body, target.interpolation, owner, target.environ, as_declared)


def _overrides(body: nodes.Body, target: Target, scope: Scope) -> list[Given]:
    """The options that ``override`` sets for this source, which it names without its type."""
    argument = body.arguments.get("override")
    if argument is None:
        return []
    value = evaluate(argument.expression, scope)
    if value.is_null or not value.known:
        return []
    hint = 'Write override = { NAME = { option = "value" } }'
    if value.raw == ():
        return []
    if not isinstance(value.type, ObjectOf | MapOf):
        raise failure('"override" must be an object', hint=hint, location=argument.expression.location)
    chosen = value.raw.get(target.name) or value.raw.get(target.own_name)
    if chosen is None or chosen.is_null or not chosen.known:
        return []
    if not isinstance(chosen.type, ObjectOf | MapOf):
        raise failure(f'The override for "{target.name}" must be an object', hint=hint, location=argument.location)
    return [Given(name, to_plain(item), argument.location) for name, item in chosen.raw.items()]
