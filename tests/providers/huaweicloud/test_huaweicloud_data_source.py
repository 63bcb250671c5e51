"""The data source ``huaweicloud-images`` against the simulated cloud."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from imagesmith import plugin
from imagesmith.errors import AccessDenied, ImagesmithError, NotFound, TemplateError
from imagesmith.interfaces import DataContext
from imagesmith.options import complete
from imagesmith.waiting import CancelToken
from imagesmith_huaweicloud import HuaweicloudImages
from tests.effects import shows

ARM = "openEuler 22.03 LTS 64bit with ARM"


def read(driver: Any, **values: Any) -> dict[str, Any]:
    options = complete(driver.simulated.attach(HuaweicloudImages(region="cn-north-4", **values)), {})
    return dict(options.read(DataContext(warn=lambda _: None, cancel=CancelToken())))


def test_it_is_found_by_its_name_in_templates() -> None:
    assert plugin.load("data_sources", "huaweicloud-images") is HuaweicloudImages


@shows(HuaweicloudImages, "name")
def test_every_output_is_there(driver: Any) -> None:
    found = read(driver, name="Ubuntu 22.04 server 64bit")
    assert set(found) == {output.name for output in HuaweicloudImages.outputs}
    assert found["name"] == "Ubuntu 22.04 server 64bit"
    assert (found["visibility"], found["os_type"], found["architecture"]) == ("public", "Linux", "x86")
    assert (found["status"], found["platform"], found["region"]) == ("active", "Ubuntu", "cn-north-4")
    assert found["min_disk"] == 40
    assert found["ids"] == [found["id"]]


@shows(HuaweicloudImages, "tag")
def test_an_image_of_ours_is_found_by_its_tag(driver: Any) -> None:
    built = driver.build(image_tags={"app": "web"})
    driver.build(image_name="other", image_tags={"app": "db"})
    found = read(driver, tag="app.web", visibility="private")
    assert found["id"] == built.image.id
    assert found["tags"]["app"] == "web"


@shows(HuaweicloudImages, "name_regex", "most_recent")
def test_the_newest_of_several(driver: Any) -> None:
    assert len(read(driver, most_recent=True, name_regex="^Ubuntu")["ids"]) == 2


@shows(HuaweicloudImages, "platform")
def test_the_platform_narrows_the_search(driver: Any) -> None:
    assert len(read(driver, most_recent=True, platform="Ubuntu", visibility="public")["ids"]) == 2


@shows(HuaweicloudImages, "visibility", "architecture")
def test_the_architecture_narrows_the_search(driver: Any) -> None:
    driver.build(image_name="ours", source_image_name=ARM, flavor="kc2.large.2")
    assert read(driver, visibility="public", architecture="arm")["name"] == ARM


@shows(HuaweicloudImages, "os_type")
def test_the_operating_system_narrows_the_search(driver: Any) -> None:
    assert read(driver, visibility="public", os_type="Windows")["os_type"] == "Windows"


@shows(HuaweicloudImages, "flavor_id")
def test_only_images_that_run_on_a_flavor(driver: Any) -> None:
    assert read(driver, visibility="public", flavor_id="kc1.large.2")["name"] == ARM


@shows(HuaweicloudImages, "image_id")
def test_an_image_by_its_id(driver: Any) -> None:
    wanted = driver.build(image_name="one").image
    driver.build(image_name="two")
    assert read(driver, visibility="private", image_id=wanted.id)["name"] == "one"


@shows(HuaweicloudImages, "owner")
def test_the_images_of_one_owner(driver: Any) -> None:
    ours = driver.build().image
    found = driver.simulated._store.images[ours.id]
    assert read(driver, owner=found.owner)["id"] == ours.id


def test_several_are_an_error_unless_the_newest_will_do(driver: Any) -> None:
    with pytest.raises(ImagesmithError, match="2 images in cn-north-4 fit: ") as error:
        read(driver, name_regex="^Ubuntu")
    assert "most_recent = true" in error.value.hint


def test_none_is_an_error(driver: Any) -> None:
    with pytest.raises(NotFound, match="no image in cn-north-4 fits"):
        read(driver, name="Ubuntu 99")


@pytest.mark.parametrize(("given", "told"), [({}, "every image would fit"), ({"name_regex": "("}, "not a regular")])
def test_wrong_options_are_refused(given: Any, told: str) -> None:
    with pytest.raises(TemplateError, match=told):
        complete(HuaweicloudImages(region="cn-north-4", **given), {})


def test_wrong_keys_are_told(driver: Any) -> None:
    options = driver.simulated.attach(HuaweicloudImages(region="cn-north-4", name="x"))
    wrong = dataclasses.replace(options, access_key="AKWRONG")
    with pytest.raises(AccessDenied, match="ak not exist"):
        wrong.read(DataContext(warn=lambda _: None, cancel=CancelToken()))


def test_a_project_that_there_is_not_names_the_data_source(driver: Any) -> None:
    options = driver.simulated.attach(HuaweicloudImages(region="cn-north-4", name="x"))
    with pytest.raises(TemplateError, match='huaweicloud-images: there is no project "nobody-s"'):
        dataclasses.replace(options, project_id="", project_name="nobody-s").read(
            DataContext(warn=lambda _: None, cancel=CancelToken())
        )
