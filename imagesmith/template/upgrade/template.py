"""The whole: from a JSON template to the text of an HCL2 template that builds the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from imagesmith.errors import Diagnostic
from imagesmith.options import Given
from imagesmith.plugin import Kind
from imagesmith.template.hcl2.formatting import format_text
from imagesmith.template.json.reader import Node, read
from imagesmith.template.json.shape import PostProcessor, Provisioner, Selection, Shape, shape
from imagesmith.template.upgrade import explanations, plugins
from imagesmith.template.upgrade.calls import Value, constant
from imagesmith.template.upgrade.names import NamedBuilder, named_builders
from imagesmith.template.upgrade.pieces import Literal, expression, merged, quoted
from imagesmith.template.upgrade.texts import VALUE, Place, Texts
from imagesmith.template.upgrade.values import Values, attribute, block, duration, options_of
from imagesmith.template.upgrade.variables import Variables

_STEP = Place("option", build_name=Value("source.name"), build_type=Value("source.type"), build_variables=True)


@dataclass(frozen=True, slots=True)
class Upgraded:
    """The HCL2 text, and what a person has to look at: errors have no like in HCL2, warnings are changed names.

    ``secrets`` are the values of sensitive variables and options: the text has them, nothing else may show them.
    """

    text: str = field(repr=False)
    problems: tuple[Diagnostic, ...]
    secrets: tuple[str, ...] = field(repr=False)

    @property
    def complete(self) -> bool:
        """Whether everything could be said in HCL2."""
        return all(problem.severity == "warning" for problem in self.problems)


def upgrade(text: str, file: str, *, annotated: bool = False) -> Upgraded:
    """Write a JSON template in HCL2. ``file`` is its name in errors; ``annotated`` adds comments for newcomers.

    Raises `TemplateError` for a template whose shape is wrong.
    """
    document = read(text, file)
    writing = _Writing(shape(document), annotated)
    whole = writing.template(_comments(document))
    found = writing.texts
    return Upgraded(format_text(whole, f"{file} (upgraded)"), tuple(found.problems), tuple(found.secrets))


def _comments(document: Node) -> list[str]:
    """What the template says in keys that begin with an underscore."""
    members = document.value if isinstance(document.value, dict) else {}
    return [str(member.node.value) for key, member in members.items() if key.startswith("_")]


@dataclass(slots=True)
class _Writing:
    found: Shape
    annotated: bool
    variables: Variables = field(init=False)
    texts: Texts = field(init=False)
    builders: list[NamedBuilder] = field(init=False)

    def __post_init__(self) -> None:
        self.variables = Variables(self.found)
        self.texts = self.variables.texts
        sensitive = {name for name, _ in self.found.sensitive}
        self.texts.secrets += [v.default for v in self.found.variables if v.default and v.name in sensitive]
        self.builders = named_builders(self.found.builders)

    def template(self, comments: Sequence[str]) -> str:
        sources = "\n".join(self.source(named) for named in self.builders)
        build = self.build()
        variables, values = self.variables.write()
        parts = [
            (explanations.TEMPLATE, _commented(comments)),
            (explanations.PACKER, self.packer()),
            (explanations.VARIABLES, variables),
            (explanations.LOCALS, values),
            (explanations.SOURCES, sources),
            (explanations.BUILD, build),
        ]
        told = [(note if self.annotated else "") + part for note, part in parts if part]
        return "\n".join(told)

    def packer(self) -> str:
        steps = [*self.found.provisioners, *([self.found.error_cleanup] if self.found.error_cleanup else [])]
        chained = [step for chain in self.found.post_processors for step in chain]
        types = [builder.type for builder in self.found.builders]
        types += [step.type for step in steps] + [step.type for step in chained]
        body = ""
        if self.found.min_packer_version:
            body += attribute("required_version", quoted(f">= {self.found.min_packer_version[0]}"))
        entries = [
            attribute(name, f'{{\nsource = "{source}"\nversion = "~> 1"\n}}')
            for name, source in plugins.required(types).items()
        ]
        body += block("required_plugins", (), "".join(entries)) if entries else ""
        return block("packer", (), body) if body else ""

    def source(self, named: NamedBuilder) -> str:
        builder, before = named.builder, len(self.texts.problems)
        name = constant(builder.name) or Value(self.name(named))
        place = Place("option", build_name=name, build_type=constant(builder.type))
        values = Values(self.texts, place, f'builder "{builder.name}"')
        body = values.body(builder.entries, options_of("builders", builder.type))
        return self.remarks(before) + block("source", [builder.type, named.label], body)

    def name(self, named: NamedBuilder) -> str:
        """The JSON name of a build as an expression."""
        what = f'the name of the builder "{named.builder.name}"'
        return expression(self.texts.pieces(named.builder.name, VALUE, named.builder.location, what))

    def build(self) -> str:
        plain = [f"source.{b.builder.type}.{b.label}" for b in self.builders if not b.renamed]
        body = attribute("description", quoted(self.found.description)) if self.found.description else ""
        listed = [quoted(reference) for reference in plain]
        lines = "".join(f"{one},\n" for one in listed)
        body += attribute("sources", f"[{listed[0]}]" if len(listed) == 1 else f"[\n{lines}]") if listed else ""
        parts = [body, *(self.renamed(named) for named in self.builders if named.renamed)]
        parts += [self.provisioner(step, "provisioner") for step in self.found.provisioners]
        if self.found.error_cleanup:
            parts.append(self.provisioner(self.found.error_cleanup, "error-cleanup-provisioner"))
        parts += [self.chain(chain) for chain in self.found.post_processors]
        return block("build", (), "\n".join(part for part in parts if part))

    def renamed(self, named: NamedBuilder) -> str:
        text = f'scripts of the build "{named.builder.name}" get PACKER_BUILD_NAME={named.label}'
        hint = "The name can't be the label of a source; source.name has it"
        self.texts.problem(text, hint, named.builder.location, warning=True)
        return block("source", [f"source.{named.builder.type}.{named.label}"], attribute("name", self.name(named)))

    def provisioner(self, step: Provisioner, kind: str) -> str:
        before, what = len(self.texts.problems), f'{kind} "{step.type}"'
        body = self.selection(step.selection)
        body += attribute("pause_before", duration(step.pause_before_s)) if step.pause_before_s else ""
        body += attribute("timeout", duration(step.timeout_s)) if step.timeout_s else ""
        if step.max_retries:
            pieces = merged(self.texts.pieces(step.max_retries, VALUE, step.location, f'{what}: "max_retries"'))
            plain = "".join(piece.text for piece in pieces if isinstance(piece, Literal)).strip()
            body += attribute("max_retries", plain if plain.isdecimal() else expression(pieces))
        body += self.override(step, what)
        body += self.options(step.entries, "provisioners", step.type, what)
        return self.remarks(before) + block(kind, [step.type], body)

    def override(self, step: Provisioner, what: str) -> str:
        labels = {named.builder.name: named.label for named in self.builders}
        values = Values(self.texts, _STEP, f"{what}: override")
        members = []
        for name, (location, entries) in step.override.items():
            if name not in labels:
                self.texts.problem(f'{what}: there is no builder "{name}" to override', "It is left out", location)
                continue
            inner = values.inner({entry.name: entry.value for entry in entries}, location, f"{what}: override")
            members.append(f"{quoted(labels[name])} = {inner}\n")
        return attribute("override", "{\n" + "".join(members) + "}") if members else ""

    def options(self, entries: Sequence[Given], kind: Kind, name: str, what: str) -> str:
        return Values(self.texts, _STEP, what).body(entries, options_of(kind, name))

    def selection(self, selection: Selection) -> str:
        """``only`` and ``except``: HCL2 wants the type before the name."""
        body = ""
        for key, names in (("only", selection.only), ("except", selection.exclude)):
            if names:
                listed = ", ".join(self.full_name(name) for name, _ in names)
                body += attribute(key, f"[{listed}]")
        return body

    def full_name(self, name: str) -> str:
        named = next((named for named in self.builders if named.builder.name == name), None)
        if named is None:
            return quoted(name)
        own = self.texts.pieces(name, VALUE, None, "a name") if named.renamed else [Literal(name)]
        return expression([Literal(f"{named.builder.type}."), *own])

    def chain(self, chain: Sequence[PostProcessor]) -> str:
        """Every element of a JSON list is a chain of its own."""
        steps = [self.post_processor(step) for step in chain]
        return steps[0] if len(steps) == 1 else block("post-processors", (), "\n".join(steps))

    def post_processor(self, step: PostProcessor) -> str:
        before, what = len(self.texts.problems), f'post-processor "{step.type}"'
        body = attribute("name", quoted(step.name)) if step.name != step.type else ""
        body += self.selection(step.selection)
        if step.keep_input_artifact is not None:
            body += attribute("keep_input_artifact", "true" if step.keep_input_artifact else "false")
        body += self.options(step.entries, "post_processors", step.type, what)
        return self.remarks(before) + block("post-processor", [step.type], body)

    def remarks(self, before: int) -> str:
        """A comment above the block for everything that was found wrong in it."""
        found = [problem for problem in self.texts.problems[before:] if problem.severity == "error"]
        return _commented([f"NOT UPGRADED: {problem.summary}" for problem in found])


def _commented(texts: Sequence[str]) -> str:
    lines = [line for text in texts for line in text.splitlines()]
    return "".join(f"# {''.join(c if c.isprintable() else ' ' for c in line)}\n" for line in lines)
