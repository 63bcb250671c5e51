"""Where the plugin's versions differ, the template's version constraint picks the behaviour.

What differs in 0.4.0 and has one outcome here: options that later versions dropped are all accepted (networks and ports
are interfaces, image_min_disk is set afterwards, ssh_interface chooses the address; force_delete, config_drive,
use_blockstorage_volume and volume_name change nothing); security groups are found by name and by id, flavors too; a
network is made where none is named, which 0.4.0 left to the API; the image's wait has its own deadline.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from imagesmith.plan import TemplateRequest
from imagesmith.template import load
from imagesmith_huaweicloud import HuaweicloudEcs
from tests.effects import shows

TEMPLATE = """
packer {{
  required_plugins {{
    huaweicloud = {{ source = "github.com/huaweicloud/huaweicloud", version = "{version}" }}
  }}
}}
source "huaweicloud-ecs" "x" {{
  region = "cn-north-4"
  flavor = "s6.large.2"
  image_name = "web"
  source_image = "i"
  ssh_username = "root"
  vpc_id = "v"
  subnets = ["s"]
  {more}
}}
build {{ sources = ["source.huaweicloud-ecs.x"] }}
"""


def options(folder: Path, version: str, more: str) -> HuaweicloudEcs:
    file = folder / "t.pkr.hcl"
    file.write_text(TEMPLATE.format(version=version, more=more))
    (planned,) = load(TemplateRequest(str(file))).builds
    return planned.source.decode(HuaweicloudEcs)


@pytest.mark.parametrize(
    ("version", "behaves_as"),
    [
        ("= 0.4.0", "0.4.0"),
        ("~> 0.4.0", "0.4.0"),
        (">= 0.4.0", ""),
        (">= 1.0.0", ""),
        ("< 1.0.0", "0.4.0"),
        ("1.2.2", ""),
    ],
)
def test_the_constraint_picks_the_version(tmp_path: Path, version: str, behaves_as: str) -> None:
    assert options(tmp_path, version, "").plugin_version == behaves_as


def test_what_the_template_says_itself_wins(tmp_path: Path) -> None:
    assert options(tmp_path, "= 0.4.0", 'plugin_version = "1.2.2"').plugin_version == "1.2.2"


@pytest.mark.parametrize(
    ("version", "more", "eip"),
    [
        ("= 0.4.0", "eip_bandwidth_size = 5", False),
        ("= 0.4.0", 'eip_type = "5_bgp"', False),
        ("= 0.4.0", 'eip_bandwidth_size = 5\n eip_type = "5_bgp"', True),
        ("= 0.4.0", "reuse_ips = true", True),
        ("= 0.4.0", "", False),
        (">= 1.0.0", "eip_bandwidth_size = 5", True),
        (">= 1.0.0", 'eip_type = "5_bgp"', False),
        (">= 1.0.0", "", False),
    ],
)
def test_what_asks_for_an_eip(tmp_path: Path, version: str, more: str, eip: bool) -> None:
    assert options(tmp_path, version, more).wants_eip is eip


@shows(HuaweicloudEcs, "plugin_version")
def test_a_template_of_the_old_version_connects_to_the_private_address(driver: Any) -> None:
    own = {"vpc_id": "00000000-0000-0000-0000-000000000001", "subnets": ["front"]}
    assert driver.build(eip_bandwidth_size=5, plugin_version="0.4.0", **own).address.kind == "private"
    assert driver.build(eip_bandwidth_size=5, **own).address.kind == "eip"
