"""The data source ``alicloud-images`` against the simulated cloud."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from imagesmith import api
from imagesmith.errors import AccessDenied, Diagnostic, ImagesmithError, NotFound, TemplateError
from imagesmith.interfaces import DataContext
from imagesmith.options import complete
from imagesmith.settings import RunSettings
from imagesmith.template.hcl2.data_values import output_type
from imagesmith.waiting import CancelToken
from imagesmith_alicloud import AlicloudImages
from imagesmith_simulator.alicloud import SimulatedAlicloud
from imagesmith_simulator.alicloud.resources import Image


def add(cloud: SimulatedAlicloud, name: str, day: int = 1, **facts: Any) -> str:
    """A custom image of that name, made on that day."""
    with cloud.clock.lock:
        store = cloud._store
        identity = store.new_id("m")
        made: dict[str, Any] = {"status": "Available", "region": "cn-hangzhou", "created": 1.7e9 + day * 86400} | facts
        store.images[made["region"], identity] = Image(id=identity, name=name, found=True, **made)
    return identity


def read(cloud: SimulatedAlicloud, **options: Any) -> Mapping[str, Any]:
    source = complete(AlicloudImages(**({"region": "cn-hangzhou"} | options)), {})
    return cloud.attach(source).read(DataContext(warn=print, cancel=CancelToken()))


def test_the_newest_of_those_that_fit_is_taken(simulated: SimulatedAlicloud) -> None:
    old, new = add(simulated, "web-1", 1), add(simulated, "web-2", 2, tags={"a": "b"}, family="web", size=40)
    add(simulated, "other-web-3", 3)
    add(simulated, "web-4", 4, region="cn-beijing")
    add(simulated, "web-5", 5, status="Creating")
    found = read(simulated, name_regex="^web-", owners=["self"], most_recent=True)
    assert found["id"] == new
    assert found["ids"] == [new, old]
    expected = {"name": "web-2", "family": "web", "size": 40, "tags": {"a": "b"}, "owner": "self", "os_type": "linux"}
    assert {name: found[name] for name in expected} == expected
    assert found["creation_time"].startswith("2023-11-")
    assert set(found) == {name for name, _ in output_type(AlicloudImages.outputs).attributes}


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"image_name": "web"}, ["web"]),
        ({"image_name": "web*"}, ["web", "web-arm", "web-old", "web[1]"]),
        ({"image_name": "web[1]"}, ["web[1]"]),
        ({"image_name": "web*", "architecture": "arm64"}, ["web-arm"]),
        ({"image_name": "w*", "os_type": "windows", "owners": ["self"]}, ["win"]),
        ({"tags": {"role": "web"}}, ["web", "web-old"]),
        ({"tags": {"role": "web", "v": "1"}}, ["web-old"]),
        ({"image_family": "fam"}, ["web"]),
        ({"image_name": "web*", "resource_group_id": "rg-1"}, ["web-arm"]),
        ({"image_name": "web*", "status": "Deprecated"}, ["web-gone"]),
        ({"name_regex": "^CentOS", "owners": ["system"]}, []),
    ],
)
def test_each_option_narrows_the_search(
    simulated: SimulatedAlicloud, options: dict[str, Any], names: list[str]
) -> None:
    add(simulated, "web", tags={"role": "web"}, family="fam")
    add(simulated, "web-old", tags={"role": "web", "v": "1"})
    add(simulated, "web-arm", architecture="arm64", resource_group="rg-1")
    add(simulated, "web[1]")
    add(simulated, "web-gone", status="Deprecated")
    add(simulated, "win", os_type="windows")
    if not names:
        with pytest.raises(NotFound, match="no image in cn-hangzhou fits"):
            read(simulated, **options)
        return
    found = read(simulated, most_recent=True, **options)
    shown = {image["ImageName"] for image in _all(simulated) if image["ImageId"] in found["ids"]}
    assert sorted(shown) == names


def _all(cloud: SimulatedAlicloud) -> list[dict[str, str]]:
    return [{"ImageId": image.id, "ImageName": image.name} for image in cloud._store.images.values()]


def test_one_that_fits_needs_no_most_recent_and_several_do(simulated: SimulatedAlicloud) -> None:
    wanted = add(simulated, "web-1")
    assert read(simulated, image_name="web-*")["id"] == wanted
    assert read(simulated, image_id=wanted)["name"] == "web-1"
    for number in range(2, 9):
        add(simulated, f"web-{number}", number)
    with pytest.raises(ImagesmithError, match=r"8 images in cn-hangzhou fit: m-\w+ \(web-8\), .* and 3 more") as caught:
        read(simulated, image_name="web-*")
    assert "most_recent = true" in caught.value.hint


def test_more_than_a_page_is_read(simulated: SimulatedAlicloud) -> None:
    for number in range(205):
        add(simulated, f"many-{number}", number)
    found = read(simulated, name_regex="^many-", most_recent=True)
    assert (len(found["ids"]), found["name"]) == (205, "many-204")
    assert [call.parameters["PageNumber"] for call in simulated.calls()] == ["1", "2", "3"]


def test_the_marketplace_is_asked_when_it_is_named(simulated: SimulatedAlicloud) -> None:
    add(simulated, "shop", owner="marketplace")
    with pytest.raises(NotFound):
        read(simulated, image_name="shop")
    assert read(simulated, image_name="shop", owners=["self", "marketplace"])["owner"] == "marketplace"


def test_only_reading_calls_are_made(simulated: SimulatedAlicloud) -> None:
    add(simulated, "web")
    read(simulated, image_name="web")
    assert {call.action for call in simulated.calls()} == {"DescribeImages"}
    simulated.deny(["DescribeImages"])
    with pytest.raises(AccessDenied):
        read(simulated, image_name="web")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "every image would fit"),
        ({"name_regex": "("}, "name_regex is not a regular expression"),
        ({"owners": ["me"], "image_name": "x"}, 'owners can\'t be "me"'),
        ({"image_name": "x", "region": ""}, "a region must be given"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(TemplateError, match=said):
        complete(AlicloudImages(**({"region": "cn-hangzhou"} | options)), {})


TEMPLATE = """
data "alicloud-images" "base" {{
  region      = "cn-hangzhou"
  image_name  = "{name}"
  owners      = ["self"]
  most_recent = true
}}
source "alicloud-ecs" "web" {{
  region        = data.alicloud-images.base.region
  source_image  = data.alicloud-images.base.id
  instance_type = "ecs.g7.large"
  image_name    = "new-${{data.alicloud-images.base.name}}"
  communicator  = "none"
  tags          = merge(data.alicloud-images.base.tags, {{ size = data.alicloud-images.base.size }})
}}
build {{
  sources = ["source.alicloud-ecs.web"]
}}
"""


def write(folder: Path, name: str) -> Path:
    path = folder / "web.pkr.hcl"
    path.write_text(TEMPLATE.format(name=name))
    return path


def settings(cloud: SimulatedAlicloud) -> RunSettings:
    return RunSettings(simulate=True, clouds={"alicloud": cloud})


def test_a_build_starts_from_the_image_that_was_found(simulated: SimulatedAlicloud, tmp_path: Path) -> None:
    add(simulated, "base-1", 1)
    wanted = add(simulated, "base-2", 2, tags={"role": "base"})
    api.build(write(tmp_path, "base-*"), settings=settings(simulated))
    launched = next(call for call in simulated.calls() if call.action in ("RunInstances", "CreateInstance"))
    assert launched.parameters["ImageId"] == wanted
    (image,) = simulated.images()
    assert image["name"] == "new-base-2"
    assert {"role": "base", "size": "20"}.items() <= image["tags"].items()


def test_a_build_without_its_image_creates_nothing(simulated: SimulatedAlicloud, tmp_path: Path) -> None:
    with pytest.raises(TemplateError) as caught:
        api.build(write(tmp_path, "nowhere"), settings=settings(simulated))
    (problem,) = caught.value.diagnostics
    assert problem.summary == 'data "alicloud-images" "base": no image in cn-hangzhou fits'
    assert problem.location
    assert (problem.location.line, problem.location.column) == (2, 1)
    assert {call.action for call in simulated.calls()} == {"DescribeImages"}


def test_validate_asks_nobody_unless_it_is_told_to(tmp_path: Path) -> None:
    found: list[Diagnostic] = api.validate(write(tmp_path, "base-*"))
    assert found == []
    with pytest.raises(TemplateError, match="alicloud-images: there is no access_key"):
        api.validate(write(tmp_path, "base-*"), evaluate_data_sources=True)
