"""A bill of materials as CycloneDX 1.5 JSON (ECMA-424's predecessor)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imagesmith.sbom.document import TOOL, TOOL_VERSION, Subject
from imagesmith.sbom.packages import Package


def document(subject: Subject) -> Mapping[str, Any]:
    """The document as plain data."""
    guest = subject.guest
    machine = {"type": "device", "bom-ref": "machine", "name": subject.name}
    tool = {"type": "application", "name": TOOL, "version": TOOL_VERSION}
    system = {
        "type": "operating-system",
        "bom-ref": "operating-system",
        "name": guest.id or "unknown",
        "version": guest.version,
        "description": guest.title,
    }
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{subject.serial}",
        "version": 1,
        "metadata": {"timestamp": subject.created, "tools": {"components": [tool]}, "component": machine},
        "components": [
            {name: value for name, value in system.items() if value},
            *(_component(package, guest.purl(package)) for package in guest.packages),
        ],
    }


def _component(package: Package, purl: str) -> Mapping[str, Any]:
    facts = {
        "supplier": {"name": package.supplier} if package.supplier else None,
        # As the package has it: it need not be an expression of SPDX's.
        "licenses": [{"license": {"name": package.license}}] if package.license else None,
        "externalReferences": [{"type": "website", "url": package.homepage}] if package.homepage else None,
    }
    return {
        "type": "library",
        "bom-ref": purl,
        "name": package.name,
        "version": f"{package.epoch}:{package.version}" if package.epoch not in ("", "0") else package.version,
        "purl": purl,
        **{name: value for name, value in facts.items() if value},
    }
