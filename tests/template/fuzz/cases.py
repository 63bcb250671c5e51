"""One input of the fuzz run: files, and how the template among them is read."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path

from imagesmith.checking import check_plan
from imagesmith.errors import ImagesmithError
from imagesmith.plan import TemplateRequest
from imagesmith.template import load
from imagesmith.template.gotemplate.errors import GoTemplateError
from imagesmith.template.rendering import Interpolation

GO_TEMPLATE = "go.tpl"


@dataclass(frozen=True, slots=True)
class Case:
    """``files`` are written into an empty folder; ``main`` is the template, or text for the Go template engine."""

    language: str
    main: str
    files: tuple[tuple[str, bytes], ...]
    variables: tuple[tuple[str, str], ...] = ()
    environ: tuple[tuple[str, str], ...] = ()

    def dump(self) -> str:
        """As one line of JSON."""
        files = [[name, base64.b64encode(content).decode()] for name, content in self.files]
        return json.dumps([self.language, self.main, files, self.variables, self.environ])

    @staticmethod
    def parse(text: str) -> Case:
        """From one line of JSON."""
        language, main, files, variables, environ = json.loads(text)
        contents = tuple((name, base64.b64decode(content)) for name, content in files)
        return Case(language, main, contents, tuple(map(tuple, variables)), tuple(map(tuple, environ)))


def attempt(case: Case, folder: Path) -> str:
    """Write the files, read the template and check it whole. Returns "plan" or "refused"; raises what shouldn't be."""
    for name, content in case.files:
        (folder / name).write_bytes(content)
    try:
        _read(case, folder)
    except (ImagesmithError, GoTemplateError) as error:
        return "refused" if str(error) else "refused without a word"
    finally:
        for name, _ in case.files:
            (folder / name).unlink()
    return "plan"


def _read(case: Case, folder: Path) -> None:
    if case.main == GO_TEMPLATE:
        text = dict(case.files)[GO_TEMPLATE].decode(errors="replace")
        engine = Interpolation(language="json", build_name="n", build_type="t", template_path="t.json", user={"u": "v"})
        engine.at_load(text, runtime=None)
        engine.at_run(text, {"Vars": "A=1", "Path": "/tmp/x", "List": ["a", "b"]}, {"ID": "i-1"})
        return
    others = [str(folder / name) for name, _ in case.files if "pkrvars" in name or name == "vars.json"]
    main = str(folder / case.main) if case.main else str(folder)
    request = TemplateRequest(
        path=main, variables=case.variables, variable_files=others, environ=dict(case.environ), warn_undeclared=True
    )
    check_plan(load(request))
