"""The ``hcp-sbom`` provisioner without HCP: a bill of materials of the machine, as a file here.

Packer's provisioner uploads it to a service, and to make one it downloads a scanner and runs it on the machine. Here
nothing is uploaded or fetched: the bill is made of what the machine's own package database says.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from imagesmith.communicator import TO_A_MACHINE
from imagesmith.errors import Diagnostic, ProvisionError
from imagesmith.options import Options, option

if TYPE_CHECKING:
    from imagesmith.interfaces import ProvisionContext, Remote

_FORMATS = ("cyclonedx-json", "spdx-json")
_NAME = re.compile(r"[A-Za-z0-9_-]{3,36}")
_NO_SCANNER = "No scanner is run: the bill is made of the machine's package database. Leave it out"
_REFUSED = ("scanner_url", "scanner_checksum", "execute_command", "elevated_user", "elevated_password")


class HcpSbom(Options):
    """Write a bill of materials of the machine to a file here, as CycloneDX or SPDX; nothing is uploaded anywhere."""

    communicators: ClassVar[frozenset[str]] = TO_A_MACHINE

    source: str = option(
        default="", rendered="run", doc="A bill of materials on the machine, which an earlier step made."
    )
    auto_generate: bool = option(
        default=False, doc="Make one of the package database on the machine: dpkg's, rpm's or apk's."
    )
    destination: str = option(
        default="", rendered="run", doc="The file to write; in a folder that is there it is called `NAME.json`."
    )
    sbom_name: str = option(
        default="", doc="What the bill is called in itself, 3 to 36 letters, digits, `_` and `-`; by default the build."
    )
    sbom_format: str = option(
        default="",
        choices=_FORMATS,
        doc="The format of one that is made, by default `cyclonedx-json` (1.5; SPDX: 2.3).",
    )
    scan_path: str = option(default="/", doc="The folder on the machine whose system is looked at.")
    scanner_args: Sequence[str] = option(
        default=(), doc="Of a scanner's arguments only `-o cyclonedx-json`, `-o spdx-json` and `-q` are understood."
    )
    scanner_url: str = option(default="", doc="Refused: where Packer gets a scanner from.")
    scanner_checksum: str = option(default="", doc="Refused: the scanner's checksum.")
    execute_command: str = option(default="", rendered="run", doc="Refused: how the scanner is run.")
    elevated_user: str = option(default="", doc="Refused: the Windows user that the scanner runs as.")
    elevated_password: str = option(default="", secret=True, doc="Refused: that user's password.")

    def problems(self) -> Iterator[Diagnostic]:
        yield from super().problems()
        if bool(self.source) == self.auto_generate:
            what = "are given" if self.source else "are missing"
            yield Diagnostic(f"source and auto_generate {what}", hint="Give exactly one of them")
        if not self.destination:
            yield Diagnostic(
                "there is no destination", hint="Nothing is uploaded, so give the file to write as destination"
            )
        if self.sbom_name and not _NAME.fullmatch(self.sbom_name):
            yield Diagnostic("sbom_name must be 3 to 36 letters, digits, _ and -")
        for name in _REFUSED:
            if getattr(self, name):
                yield Diagnostic(f"{name} can't be used", hint=_NO_SCANNER)
        _, unknown = self._scanner_arguments()
        if unknown:
            text = f"scanner_args: {', '.join(unknown)} can't be used"
            yield Diagnostic(text, hint="Only -o cyclonedx-json, -o spdx-json and -q are understood")

    def run(self, remote: Remote | None, context: ProvisionContext) -> None:
        """Make or fetch the bill and write it.

        Raises `ProvisionError` for a machine without a package database, a source that is no bill of materials and a
        file that can't be written, and what the connection raises.
        """
        if remote is None:
            raise ProvisionError(
                'the hcp-sbom provisioner needs a machine, but there is no way into it (communicator = "none")',
                hint="use a communicator",
            )
        text = self._fetched(remote) if self.source else self._made(remote, context)
        target = Path(context.render(self.destination, context.generated))
        if target.is_dir():
            target /= f"{self.sbom_name or _as_name(context.build_name)}.json"
        _write(target, text)
        context.say(f"The bill of materials is in {target}; nothing was uploaded")

    def _made(self, remote: Remote, context: ProvisionContext) -> str:
        from imagesmith.provisioners.environment import run_uuid
        from imagesmith.sbom import cyclonedx, spdx
        from imagesmith.sbom.document import Subject

        guest = _look(remote, context, self.scan_path)
        subject = Subject(
            name=self.sbom_name or context.build_name,
            run=run_uuid(context.run_id, context.generated),
            created=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            guest=guest,
        )
        chosen = self.sbom_format or self._scanner_arguments()[0] or _FORMATS[0]
        document: Mapping[str, Any] = (spdx if chosen == "spdx-json" else cyclonedx).document(subject)
        context.say(f"{len(guest.packages)} packages are installed on {guest.title or 'the machine'}")
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"

    def _fetched(self, remote: Remote) -> str:
        import tempfile

        with tempfile.TemporaryDirectory(prefix="imagesmith-sbom-") as folder:
            local = Path(folder) / "sbom"
            remote.download(self.source, local)
            data = local.read_bytes()
        try:
            content = json.loads(data)
        except ValueError:
            content = None
        if not isinstance(content, dict) or not ("spdxVersion" in content or content.get("bomFormat") == "CycloneDX"):
            hint = "it must be JSON, as CycloneDX or SPDX"
            raise ProvisionError(f'"{self.source}" on the machine is no bill of materials', hint=hint)
        return data.decode("utf-8")

    def _scanner_arguments(self) -> tuple[str, list[str]]:
        """The format that the scanner's arguments ask for, and those that nobody understands."""
        chosen, unknown = "", []
        rest = iter(word for argument in self.scanner_args for word in argument.replace("=", " ").split())
        for word in rest:
            value = next(rest, "") if word in ("-o", "--output") else ""
            if value in _FORMATS:
                chosen = value
            elif word not in ("-q", "--quiet"):
                unknown.append(f"{word} {value}".rstrip())
        return chosen, unknown


def _look(remote: Remote, context: ProvisionContext, root: str) -> Any:
    from imagesmith.sbom import packages

    result = remote.run(packages.reading_script(root), cancel=context.cancel)
    context.cancel.check()
    try:
        guest = packages.read(result.stdout)
    except ValueError as error:
        reason = result.stderr.strip()[:500] or "it has no POSIX shell"
        hint = "a bill can be made on Linux; on other systems make one in an earlier step and give it as source"
        raise ProvisionError(f"the machine's packages can't be read: {reason}", hint=hint) from error
    hint = "make a bill of materials in an earlier step and give it as source"
    if guest.unreadable:
        reason = result.stderr.strip()[:500] or "rpm has failed"
        raise ProvisionError(f"the rpm database on the machine can't be read: {reason}", hint=hint)
    if not guest.packages:
        what = "no package database of dpkg, rpm or apk"
        raise ProvisionError(f'there is {what} below "{root}" on the machine', hint=hint)
    return guest


def _as_name(build: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "-", build)


def _write(target: Path, text: str) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ProvisionError(f'"{target}" could not be written: {error.strerror or error}') from error
