"""``data`` blocks: which there are, and what each gives."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from imagesmith import plugin, redact
from imagesmith.errors import Cancelled, CloudError, ImagesmithError, TemplateError
from imagesmith.options import Given, Options, secrets
from imagesmith.plan import TemplateRequest
from imagesmith.template.hcl2 import nodes
from imagesmith.template.hcl2.bodies import given
from imagesmith.template.hcl2.conversion import NotConvertible, convert
from imagesmith.template.hcl2.cty import ANYTHING, ObjectOf, Type, Value, from_plain, unknown
from imagesmith.template.hcl2.parser import parse_expression
from imagesmith.template.hcl2.problems import Problems
from imagesmith.template.hcl2.scope import Scope
from imagesmith.template.hcl2.source import Source
from imagesmith.template.hcl2.type_constraints import type_of
from imagesmith.template.rendering import Interpolation, TemplateConfiguration
from imagesmith.waiting import CancelToken

if TYPE_CHECKING:
    from imagesmith.interfaces import Output

_HCP = "hcp-packer-"


def declared(blocks: Sequence[nodes.Block], problems: Problems) -> dict[str, nodes.Block]:
    """The data blocks by address (``data.TYPE.NAME``)."""
    found: dict[str, nodes.Block] = {}
    for block in blocks:
        kind, name = (label.name for label in block.labels)
        address = f"data.{kind}.{name}"
        if address in found:
            title = f'The data source "{kind}.{name}" is declared twice'
            problems.add(title, f"The first one is at {found[address].location}", "", block.location)
            continue
        found[address] = block
    return found


@dataclass(frozen=True, slots=True)
class DataReader:
    """Reads the data sources of one template, or only checks them where the request says so."""

    request: TemplateRequest
    started: dt.datetime
    environ: Mapping[str, str]
    foreign_plugins: Mapping[str, str]
    problems: Problems

    def value(self, block: nodes.Block, scope: Scope) -> Value:
        """What ``data.TYPE.NAME`` is; unknown where it isn't read, or can't be."""
        kind, name = (label.name for label in block.labels)
        found = self._plugin(kind, block)
        if found is None:
            return ANYTHING
        types = output_type(found.outputs)
        options, is_known = self._options(found, block, kind, scope)
        if options is None or not is_known or not self._reads(kind):
            return unknown(types)
        return self._read(options, types, block, f'data "{kind}" "{name}"')

    def _plugin(self, kind: str, block: nodes.Block) -> Any:
        """The data source's class; None, and the reason is noted, where there is none."""
        place = block.location
        if kind.startswith(_HCP):
            self.problems.add(f'The data source "{kind}" needs HCP Packer', "It is not used here", _instead(), place)
            return None
        try:
            return plugin.named("data_sources", kind)
        except ImagesmithError as error:
            later: ImagesmithError | None = error if isinstance(error, plugin.NotYet) else None
            later = later or plugin.foreign("data_sources", kind, self.foreign_plugins)
            title = (later or error).message
            note = self.problems.add if later is None or self.request.data_sources == "read" else self.problems.warn
            note(title[0].upper() + title[1:], "", (later or error).hint, place)
            return None

    def _options(
        self, found: type[Options], block: nodes.Block, kind: str, scope: Scope
    ) -> tuple[Options | None, bool]:
        """The decoded options, and whether all of them are known."""
        before = len(self.problems.errors)
        for inner in block.body.blocks:
            if inner.type == "dynamic":
                hint = "Write the blocks out, or use an argument with a for expression"
                self.problems.add("A data block can't have dynamic blocks", "", hint, inner.location)
        entries = given(block.body, scope, self.problems) if len(self.problems.errors) == before else []
        if len(self.problems.errors) > before:
            return None, False
        interpolation = Interpolation(
            language="hcl2", build_name="", build_type="", template_path=self.request.path, started=self.started
        )
        place, owner = block.location, f'data "{kind}"'
        configuration = TemplateConfiguration(place, lambda _: entries, interpolation, owner, self.environ)
        with self.problems.collecting():
            options = configuration.decode(found)
            self.problems.extend(configuration.warnings)
            return options, not any(map(_unknown, entries)) and len(self.problems.errors) == before
        return None, False

    def _reads(self, kind: str) -> bool:
        mode = self.request.data_sources
        return mode == "read" or (mode == "built-in" and plugin.in_core("data_sources", kind))

    def _read(self, options: Options, types: Type, block: nodes.Block, what: str) -> Value:
        from imagesmith.interfaces import DataContext

        source: Any = options
        forget = redact.register(*secrets(options))
        context = DataContext(
            warn=lambda text: self.problems.warn(f"{what}: {text}", location=block.location), cancel=CancelToken()
        )
        try:
            if self.request.attach_data is not None:
                source = self.request.attach_data(block.labels[0].name, source)
            return convert(from_plain(source.read(context)), types)
        except Cancelled:
            raise
        except TemplateError as error:
            self.problems.extend(replace(one, location=one.location or block.location) for one in error.diagnostics)
        except ImagesmithError as error:
            title, detail = f"{what}: {redact.mask(error.message)}", _facts(error)
            self.problems.add(title, detail, redact.mask(error.hint), error.location or block.location)
        except NotConvertible as error:
            detail = f"Its outputs are not of the types that it declares: {redact.mask(str(error))}"
            self.problems.add(f"{what}: a defect in the data source", detail, "Report it to its author", block.location)
        except Exception as error:  # noqa: BLE001 - somebody else's code must not end as a defect of ours
            detail = redact.mask(f"{type(error).__name__}: {error}")
            self.problems.add(f"{what}: a defect in the data source", detail, "Report it to its author", block.location)
        finally:
            forget()
        return unknown(types)


def output_type(outputs: Sequence[Output]) -> ObjectOf:
    """The type of what a data source gives."""
    types = {output.name: type_of(parse_expression(Source("<output>", output.type))) for output in outputs}
    return ObjectOf(tuple(sorted(types.items())))


def _instead() -> str:
    """What to write in the place of HCP Packer: the data sources that find images."""
    found = [name for name in plugin.names("data_sources") if name.endswith("-images")]
    return f"Look the image up with {' or '.join(found)}, or give its id with a variable"


def _unknown(entry: object) -> bool:
    """Whether an option has an unknown part, also inside of blocks."""
    if isinstance(entry, Given):
        return entry.unknown or _unknown(entry.value)
    return isinstance(entry, list) and any(map(_unknown, entry))


def _facts(error: ImagesmithError) -> str:
    if not isinstance(error, CloudError):
        return ""
    parts = (error.action, error.code, f"request id {error.request_id}" if error.request_id else "")
    return ", ".join(part for part in parts if part)
