"""What is installed in a guest, read from the databases of dpkg, rpm and apk.

The guest runs one shell script that prints the databases; nothing is uploaded to it, and nothing has to be installed
there but, for rpm, rpm itself.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

Kind = Literal["deb", "rpm", "apk"]

_SECTION = "==== imagesmith section "
_SCRIPT = r"""
root={root}
section() {{ echo; echo "{section}$1"; }}
section os-release
cat "$root/etc/os-release" 2>/dev/null || cat "$root/usr/lib/os-release" 2>/dev/null
if [ -f "$root/var/lib/dpkg/status" ] || [ -d "$root/var/lib/dpkg/status.d" ]; then
    section dpkg
    for file in "$root/var/lib/dpkg/status" "$root"/var/lib/dpkg/status.d/*; do
        case $file in *.md5sums) continue;; esac
        if [ -f "$file" ]; then cat "$file"; echo; fi
    done
fi
if [ -f "$root/lib/apk/db/installed" ]; then section apk; cat "$root/lib/apk/db/installed"; fi
if [ -f "$root/usr/lib/apk/db/installed" ]; then section apk; cat "$root/usr/lib/apk/db/installed"; fi
for folder in "$root/var/lib/rpm" "$root/usr/lib/sysimage/rpm"; do
    for file in "$folder/rpmdb.sqlite" "$folder/Packages" "$folder/Packages.db"; do
        [ -s "$file" ] || continue
        section rpm
        rpm --dbpath "$folder" -qa --qf '{rpm_format}' || section rpm-failed
        break 2
    done
done
section end
"""
_RPM_FIELDS = ("NAME", "EPOCHNUM", "VERSION", "RELEASE", "ARCH", "SOURCERPM", "VENDOR", "LICENSE", "URL")
_RPM_FORMAT = r"\t".join(f"%{{{name}}}" for name in _RPM_FIELDS) + r"\n"
_SOURCE = re.compile(r"(\S+)(?: \(([^)]+)\))?")
_SOURCE_RPM = re.compile(r"(.+)-([^-]+-[^-]+)\.(?:no)?src\.rpm")
_UNRESERVED = "~-._"


@dataclass(frozen=True, slots=True)
class Package:
    """One installed package. ``source`` is what it was built from, ``source_version`` is "" for the same version."""

    kind: Kind
    name: str
    version: str
    architecture: str = ""
    epoch: str = ""
    source: str = ""
    source_version: str = ""
    supplier: str = ""
    license: str = ""
    homepage: str = ""


@dataclass(frozen=True, slots=True)
class Guest:
    """A guest's system, as its os-release names it, and its packages in the order of their names."""

    id: str = ""
    version: str = ""
    title: str = ""
    packages: tuple[Package, ...] = ()
    unreadable: bool = False
    """Whether there is an rpm database that could not be read."""

    def purl(self, package: Package) -> str:
        """The package's URL. Source: the purl specification, types deb, rpm and apk."""
        namespace = {"deb": "debian", "rpm": "redhat", "apk": "alpine"}[package.kind]
        qualifiers = {
            "arch": package.architecture,
            "distro": "-".join(part for part in (self.id, self.version) if part),
            "epoch": package.epoch if package.epoch not in ("", "0") else "",
            "upstream": self._upstream(package),
        }
        more = "&".join(f"{name}={_quoted(value, ':')}" for name, value in sorted(qualifiers.items()) if value)
        path = "/".join(_quoted(part) for part in (self.id or namespace, package.name))
        return f"pkg:{package.kind}/{path}@{_quoted(package.version, ':')}" + (f"?{more}" if more else "")

    @staticmethod
    def _upstream(package: Package) -> str:
        if not package.source or (package.source == package.name and not package.source_version):
            return ""
        return package.source + (f"@{package.source_version}" if package.source_version else "")


def reading_script(root: str) -> str:
    """The shell script that prints the databases below a folder of the guest."""
    return _SCRIPT.format(root=shlex.quote(root.rstrip("/")), section=_SECTION, rpm_format=_RPM_FORMAT)


def read(printed: str) -> Guest:
    """What the script has printed. Raises `ValueError` when its end is missing."""
    sections = _sections(printed)
    if "end" not in sections:
        raise ValueError
    facts = dict(_assignments(sections.get("os-release", "")))
    readers = {"dpkg": _dpkg, "apk": _apk, "rpm": _rpm}
    every = (package for name, reader in readers.items() for package in reader(sections.get(name, "")))
    found = {(one.name, one.kind, one.architecture, one.epoch, one.version): one for one in every}
    return Guest(
        id=facts.get("ID", ""),
        version=facts.get("VERSION_ID", ""),
        title=facts.get("PRETTY_NAME", ""),
        packages=tuple(found[key] for key in sorted(found)),
        unreadable="rpm-failed" in sections,
    )


def _sections(printed: str) -> Mapping[str, str]:
    parts: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in printed.splitlines():
        if line.startswith(_SECTION):
            lines = parts.setdefault(line.removeprefix(_SECTION).strip(), [])
        else:
            lines.append(line)
    return {name: "\n".join(text) for name, text in parts.items()}


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            try:
                yield name, "".join(shlex.split(value))
            except ValueError:
                yield name, value


def _paragraphs(text: str) -> Iterator[dict[str, str]]:
    """Blocks of ``Name: value`` lines, as dpkg and apk write them; lines that continue a value are passed over."""
    for block in re.split(r"\n\s*\n", text):
        pairs = (line.partition(":") for line in block.splitlines() if line[:1] not in ("", " ", "\t"))
        found: dict[str, str] = {}
        for name, colon, value in pairs:
            if colon:
                found.setdefault(name, value.strip())
        if found:
            yield found


def _dpkg(text: str) -> Iterator[Package]:
    """Debian's status file (deb822). In status.d, which distroless images have, there is no word on the state."""
    for one in _paragraphs(text):
        if not one.get("Status", "install ok installed").endswith(" installed") or "Version" not in one:
            continue
        source = _SOURCE.match(one.get("Source", ""))
        yield Package(
            kind="deb",
            name=one.get("Package", ""),
            version=one["Version"],
            architecture=one.get("Architecture", ""),
            source=source[1] if source else "",
            source_version=(source[2] or "") if source else "",
            supplier=one.get("Maintainer", ""),
            homepage=one.get("Homepage", ""),
        )


def _apk(text: str) -> Iterator[Package]:
    """Alpine's list of what is installed, whose names have one letter."""
    for one in _paragraphs(text):
        if "P" in one and "V" in one:
            yield Package(
                kind="apk",
                name=one["P"],
                version=one["V"],
                architecture=one.get("A", ""),
                source=one.get("o", ""),
                supplier=one.get("m", ""),
                license=one.get("L", ""),
                homepage=one.get("U", ""),
            )


def _rpm(text: str) -> Iterator[Package]:
    for line in text.splitlines():
        values = [value if value != "(none)" else "" for value in line.split("\t")]
        if len(values) != len(_RPM_FIELDS) or values[0] == "gpg-pubkey":
            continue
        name, epoch, version, release, architecture, source, vendor, terms, url = values
        version = f"{version}-{release}"
        found = _SOURCE_RPM.fullmatch(source)
        yield Package(
            kind="rpm",
            name=name,
            version=version,
            architecture=architecture,
            epoch=epoch,
            source=found[1] if found else "",
            source_version=found[2] if found and found[2] != version else "",
            supplier=vendor,
            license=terms,
            homepage=url,
        )


def _quoted(text: str, more: str = "") -> str:
    return quote(text, safe=_UNRESERVED + more)
