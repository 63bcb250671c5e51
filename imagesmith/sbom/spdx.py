"""A bill of materials as SPDX 2.3 JSON (the successor of ISO/IEC 5962:2021)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from imagesmith.sbom.document import TOOL, TOOL_VERSION, Subject
from imagesmith.sbom.packages import Package

_NO_ID = re.compile(r"[^A-Za-z0-9.-]")
_PERSON = re.compile(r"(.*?)\s*<([^<>]+)>")
_SYSTEM = "SPDXRef-OperatingSystem"


def document(subject: Subject) -> Mapping[str, Any]:
    """The document as plain data."""
    guest = subject.guest
    packages = [
        _package(number, package, guest.purl(package)) for number, package in enumerate(guest.packages, start=1)
    ]
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": subject.name,
        "documentNamespace": f"urn:uuid:{subject.serial}",
        "creationInfo": {"created": subject.created, "creators": [f"Tool: {TOOL}-{TOOL_VERSION}"]},
        "packages": [_system(subject), *packages],
        "relationships": [
            _relation("SPDXRef-DOCUMENT", "DESCRIBES", _SYSTEM),
            *(_relation(_SYSTEM, "CONTAINS", package["SPDXID"]) for package in packages),
        ],
    }


def _relation(one: str, kind: str, other: str) -> Mapping[str, str]:
    return {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}


def _system(subject: Subject) -> Mapping[str, Any]:
    guest = subject.guest
    return {
        "SPDXID": _SYSTEM,
        "name": guest.id or "unknown",
        **({"versionInfo": guest.version} if guest.version else {}),
        **({"summary": guest.title} if guest.title else {}),
        "primaryPackagePurpose": "OPERATING-SYSTEM",
        **_unknown(),
    }


def _package(number: int, package: Package, purl: str) -> Mapping[str, Any]:
    facts = {
        "supplier": _supplier(package.supplier),
        "homepage": package.homepage,
        "sourceInfo": f"built from {package.source} {package.source_version}".rstrip() if package.source else "",
        # As the package has it: it need not be an expression of SPDX's.
        "licenseComments": f"the package says: {package.license}" if package.license else "",
    }
    reference = {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}
    return {
        "SPDXID": f"SPDXRef-Package-{number}-{_NO_ID.sub('-', package.name)}",
        "name": package.name,
        "versionInfo": f"{package.epoch}:{package.version}" if package.epoch not in ("", "0") else package.version,
        **{name: value for name, value in facts.items() if value},
        **_unknown(),
        "externalRefs": [reference],
    }


def _unknown() -> Mapping[str, Any]:
    """What a package database does not tell."""
    names = ("downloadLocation", "licenseConcluded", "licenseDeclared", "copyrightText")
    return {"filesAnalyzed": False, **dict.fromkeys(names, "NOASSERTION")}


def _supplier(text: str) -> str:
    """``Person: NAME (ADDRESS)`` where there is an address, else ``Organization: NAME``."""
    found = _PERSON.fullmatch(text.strip())
    if found and found[1]:
        return f"Person: {found[1]} ({found[2]})"
    return f"Organization: {text}" if text else ""
