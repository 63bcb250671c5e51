"""Bills of materials: of this machine's dpkg, a real rpm database and apk's, checked by others' validators."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import warnings
from pathlib import Path
from typing import Any

import pytest

from imagesmith.errors import ProvisionError, TemplateError, TransferError
from imagesmith.options import Given, complete, decode
from imagesmith.provisioners.hcp_sbom import HcpSbom
from tests.effects import shows
from tests.provisioners.local_remote import LocalRemote, Scene

APK = """\
C:Q1NN3sp0yr99btRysqty3nQUrWHaY=
P:busybox
V:1.36.1-r29
A:x86_64
S:509600
T:Size optimized toolbox of many common UNIX utilities
U:https://busybox.net/
L:GPL-2.0-only
o:busybox
m:Sören Tempel <soeren+alpine@soeren-tempel.net>
D:so:libc.musl-x86_64.so.1

P:ssl_client
V:1.36.1-r29
A:x86_64
L:GPL-2.0-only
o:busybox
"""
OS_RELEASE = '# what it is\nID=alpine\nVERSION_ID=3.20.1\nPRETTY_NAME="Alpine Linux v3.20"\n'
SPEC = """
Name: hello
Epoch: 2
Version: 1.0+git~1
Release: 3
Summary: says hello
License: GPLv2+ and MIT
URL: https://example.org/hello
Vendor: Example Inc.
BuildArch: noarch
%description
Says hello.
%files
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "place"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def alpine(remote: LocalRemote) -> Path:
    """The root folder of a guest with apk."""
    root = remote.home / "alpine"
    (root / "lib/apk/db").mkdir(parents=True)
    (root / "lib/apk/db/installed").write_text(APK)
    (root / "etc").mkdir()
    (root / "etc/os-release").write_text(OS_RELEASE)
    return root


def bill(remote: LocalRemote, scene: Scene, **given: Any) -> dict[str, Any]:
    """What is written, which a validator has found to be right."""
    complete(HcpSbom(**{"destination": "sbom.json", **given})).run(remote, scene.provision)
    text = Path("sbom.json").read_text()
    content: dict[str, Any] = json.loads(text)
    if "bomFormat" in content:
        assert _cyclonedx_problem(text) is None
    else:
        assert _spdx_problems(Path("sbom.json")) == []
    return content


def _cyclonedx_problem(text: str) -> object:
    validation = pytest.importorskip("cyclonedx.validation.json")
    schema = pytest.importorskip("cyclonedx.schema")
    problem = validation.JsonStrictValidator(schema.SchemaVersion.V1_5).validate_str(text)
    return problem and str(problem)[:500]


def _spdx_problems(file: Path) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parser = pytest.importorskip("spdx_tools.spdx.parser.parse_anything")
        validator = pytest.importorskip("spdx_tools.spdx.validation.document_validator")
        shutil.copy(file, "copy.spdx.json")
        document = parser.parse_file("copy.spdx.json")
        return [message.validation_message for message in validator.validate_full_spdx_document(document)]


def packages(content: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Name -> version and purl, whichever format it is."""
    if "bomFormat" in content:
        return {one["name"]: (one["version"], one["purl"]) for one in content["components"] if "purl" in one}
    found = (one for one in content["packages"] if "externalRefs" in one)
    return {one["name"]: (one["versionInfo"], one["externalRefs"][0]["referenceLocator"]) for one in found}


@shows(HcpSbom, "auto_generate", "destination")
@pytest.mark.skipif(not shutil.which("dpkg-query"), reason="this machine has no dpkg")
@pytest.mark.parametrize("form", ["cyclonedx-json", "spdx-json"])
def test_every_package_that_dpkg_has_installed_is_in_it(remote: LocalRemote, scene: Scene, form: str) -> None:
    content = bill(remote, scene, auto_generate=True, sbom_format=form)
    query = ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package} ${Version} ${Architecture}\\n"]
    lines = subprocess.run(query, capture_output=True, text=True, check=True).stdout.splitlines()
    told = {tuple(line.split()[1:]) for line in lines if line.startswith("installed ")}
    found = packages(content)
    assert {(name, version) for name, version, _ in told} == {(name, version) for name, (version, _) in found.items()}
    for name, version, architecture in told:
        purl = found[name][1]
        assert re.fullmatch(r"pkg:deb/[a-z]+/[^@?]+@[^?]+\?arch=[a-z0-9]+&distro=[^&]+(&upstream=[^&]+)?", purl)
        assert f"?arch={architecture}&" in purl
        assert ("+" in version) == ("%2B" in purl.partition("@")[2].partition("?")[0]), (version, purl)
    assert f"{len(told)} packages are installed" in scene.said[0]
    assert "nothing was uploaded" in scene.said[1]
    assert len(remote.wire) == 1


@shows(HcpSbom, "scan_path", "sbom_name")
def test_of_alpine(remote: LocalRemote, scene: Scene, alpine: Path) -> None:
    content = bill(remote, scene, auto_generate=True, scan_path=str(alpine), sbom_name="my-image_1")
    assert packages(content) == {
        "busybox": ("1.36.1-r29", "pkg:apk/alpine/busybox@1.36.1-r29?arch=x86_64&distro=alpine-3.20.1"),
        "ssl_client": (
            "1.36.1-r29",
            "pkg:apk/alpine/ssl_client@1.36.1-r29?arch=x86_64&distro=alpine-3.20.1&upstream=busybox",
        ),
    }
    assert content["metadata"]["component"]["name"] == "my-image_1"
    system, busybox, client = content["components"]
    assert (system["type"], system["name"], system["version"]) == ("operating-system", "alpine", "3.20.1")
    assert busybox["supplier"] == {"name": "Sören Tempel <soeren+alpine@soeren-tempel.net>"}
    assert busybox["licenses"] == [{"license": {"name": "GPL-2.0-only"}}]
    assert busybox["externalReferences"] == [{"type": "website", "url": "https://busybox.net/"}]
    assert "supplier" not in client


@shows(HcpSbom, "sbom_format")
def test_as_spdx(remote: LocalRemote, scene: Scene, alpine: Path) -> None:
    content = bill(remote, scene, auto_generate=True, scan_path=str(alpine), sbom_format="spdx-json")
    assert (content["spdxVersion"], content["name"]) == ("SPDX-2.3", "web")
    system, busybox, client = content["packages"]
    assert (system["name"], system["versionInfo"]) == ("alpine", "3.20.1")
    assert busybox["supplier"] == "Person: Sören Tempel (soeren+alpine@soeren-tempel.net)"
    assert busybox["licenseComments"] == "the package says: GPL-2.0-only"
    assert client["sourceInfo"] == "built from busybox"
    contained = [one["relatedSpdxElement"] for one in content["relationships"] if one["relationshipType"] == "CONTAINS"]
    assert contained == [busybox["SPDXID"], client["SPDXID"]]


@shows(HcpSbom, "scanner_args")
def test_the_scanners_own_words_for_the_format_are_understood(remote: LocalRemote, scene: Scene, alpine: Path) -> None:
    words = ["-q", "-o", "spdx-json"]
    assert "spdxVersion" in bill(remote, scene, auto_generate=True, scan_path=str(alpine), scanner_args=words)
    assert "bomFormat" in bill(remote, scene, auto_generate=True, scan_path=f"{alpine}/", scanner_args=["-q"])


@pytest.fixture
def fedora(remote: LocalRemote, tmp_path: Path) -> Path:
    """The root folder of a guest with a package that rpm has built and installed."""
    if not shutil.which("rpmbuild"):
        pytest.skip("rpm is not installed")
    root = remote.home / "fedora"
    (root / "usr/lib").mkdir(parents=True)
    (root / "usr/lib/os-release").write_text("ID=fedora\nVERSION_ID=40\n")
    (tmp_path / "hello.spec").write_text(SPEC)
    build = ["rpmbuild", "-bb", "--quiet", f"-D_topdir {tmp_path}/rpm", "hello.spec"]
    subprocess.run(build, cwd=tmp_path, check=True, capture_output=True)
    (made,) = (tmp_path / "rpm").rglob("*.rpm")
    install = ["rpm", "--dbpath", f"{root}/var/lib/rpm", "-i", "--justdb", "--nodeps", str(made)]
    subprocess.run(install, check=True, capture_output=True)
    return root


@pytest.mark.parametrize("form", ["cyclonedx-json", "spdx-json"])
def test_of_a_real_rpm_database(remote: LocalRemote, scene: Scene, fedora: Path, form: str) -> None:
    content = bill(remote, scene, auto_generate=True, scan_path=str(fedora), sbom_format=form)
    purl = "pkg:rpm/fedora/hello@1.0%2Bgit~1-3?arch=noarch&distro=fedora-40&epoch=2&upstream=hello"
    version, found = packages(content)["hello"]
    assert (version, re.sub(r"&upstream=.*", "&upstream=hello", found)) == ("2:1.0+git~1-3", purl.partition("&up")[0])


def test_a_database_that_can_not_be_read_is_an_error(remote: LocalRemote, scene: Scene, tmp_path: Path) -> None:
    (remote.home / "var/lib/rpm").mkdir(parents=True)
    (remote.home / "var/lib/rpm/rpmdb.sqlite").write_text("no database")
    with pytest.raises(ProvisionError, match="the rpm database on the machine can't be read"):
        bill(remote, scene, auto_generate=True, scan_path=str(remote.home))


def test_distroless_images_have_a_file_for_each_package(remote: LocalRemote, scene: Scene) -> None:
    folder = remote.home / "var/lib/dpkg/status.d"
    folder.mkdir(parents=True)
    (folder / "base").write_text("Package: base-files\nVersion: 12.4\nArchitecture: amd64\nSource: base (12.3)\n")
    (folder / "base.md5sums").write_text("Package: no\nVersion: 1\n")
    found = packages(bill(remote, scene, auto_generate=True, scan_path=str(remote.home)))
    assert found == {"base-files": ("12.4", "pkg:deb/debian/base-files@12.4?arch=amd64&upstream=base%4012.3")}


@shows(HcpSbom, "source")
@pytest.mark.parametrize("content", [{"bomFormat": "CycloneDX"}, {"spdxVersion": "SPDX-2.3"}])
def test_a_bill_that_the_machine_has_is_fetched(
    remote: LocalRemote, scene: Scene, folder: Path, content: dict[str, str]
) -> None:
    (remote.home / "there.json").write_text(json.dumps(content))
    complete(HcpSbom(source="there.json", destination="deep/{{build `ID`}}.json")).run(remote, scene.provision)
    assert json.loads((folder / "deep" / "i-1.json").read_text()) == content
    (folder / "dir").mkdir()
    complete(HcpSbom(source="there.json", destination="dir", sbom_name="mine")).run(remote, scene.provision)
    complete(HcpSbom(source="there.json", destination="dir/")).run(remote, scene.provision)
    assert sorted(path.name for path in (folder / "dir").iterdir()) == ["mine.json", "web.json"]


@pytest.mark.parametrize("text", ["no json", "[]", '{"components": []}', "\udcff"])
def test_what_is_no_bill_is_refused_and_nothing_is_written(
    remote: LocalRemote, scene: Scene, folder: Path, text: str
) -> None:
    (remote.home / "there.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ProvisionError, match="is no bill of materials"):
        HcpSbom(source="there.json", destination="here.json").run(remote, scene.provision)
    with pytest.raises(TransferError):
        HcpSbom(source="missing", destination="here.json").run(remote, scene.provision)
    assert list(folder.iterdir()) == []


def test_a_machine_without_packages_is_an_error(remote: LocalRemote, scene: Scene) -> None:
    with pytest.raises(ProvisionError, match="no package database of dpkg, rpm or apk") as caught:
        bill(remote, scene, auto_generate=True, scan_path=str(remote.home))
    assert "give it as source" in caught.value.hint


def test_a_file_that_can_not_be_written_is_an_error(
    remote: LocalRemote, scene: Scene, alpine: Path, folder: Path
) -> None:
    (folder / "file").touch()
    with pytest.raises(ProvisionError, match='"file/x" could not be written'):
        bill(remote, scene, auto_generate=True, scan_path=str(alpine), destination="file/x")


def test_without_a_way_into_a_machine_it_says_so(scene: Scene) -> None:
    with pytest.raises(ProvisionError, match='communicator = "none"'):
        HcpSbom(auto_generate=True, destination="x").run(None, scene.provision)


@shows(HcpSbom, "scanner_url", "scanner_checksum", "execute_command", "elevated_user", "elevated_password")
def test_what_is_for_a_scanner_is_refused_before_the_build() -> None:
    scanner = {
        "scanner_url": "https://example.org/syft",
        "scanner_checksum": "sha256:1",
        "execute_command": "sudo {{.Path}}",
        "elevated_user": "Administrator",
        "elevated_password": "geheim-4711",
    }
    given = {"auto_generate": True, "destination": "x", **scanner}
    with pytest.raises(TemplateError) as caught:
        decode(HcpSbom, [Given(*entry) for entry in given.items()], owner="hcp-sbom")
    assert [problem.summary for problem in caught.value.diagnostics] == [f"{name} can't be used" for name in scanner]
    assert all("No scanner is run" in problem.hint for problem in caught.value.diagnostics)
    assert "geheim-4711" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"scanner_args": ["-o", "syft-json"]}, "scanner_args: -o syft-json can't be used"),
        ({"scanner_args": ["--exclude=/proc"]}, "scanner_args: --exclude, /proc can't be used"),
        ({"sbom_name": "a b"}, "sbom_name must be"),
        ({"destination": ""}, "there is no destination"),
        ({"source": "/x"}, "source and auto_generate are given"),
        ({"auto_generate": False}, "source and auto_generate are missing"),
    ],
)
def test_what_can_not_be_done_is_refused_before_the_build(given: dict[str, object], expected: str) -> None:
    both = {"auto_generate": True, "destination": "x", **given}
    with pytest.raises(TemplateError, match=re.escape(expected)):
        decode(HcpSbom, [Given(*entry) for entry in both.items()], owner="hcp-sbom")
