"""The option table of alicloud-ecs: complete, typed, and refusing what can only fail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from imagesmith.errors import TemplateError
from imagesmith.options import Given, decode, secrets, table
from imagesmith_alicloud import AlicloudEcs, Disk

ACCESS = """access_key secret_key region ram_role_name ram_role_arn ram_session_name security_token profile
    shared_credentials_file custom_endpoint_ecs skip_region_validation skip_image_validation"""
IMAGE = """image_name image_version image_description image_family target_image_family boot_mode resource_group_id tags
    tag image_share_account image_unshare_account image_copy_regions image_copy_names image_encrypted kms_key_id
    kms_key_copy_ids image_copy_kms_ids disk_kms_key_id image_force_delete image_force_delete_snapshots
    image_force_delete_instances image_ignore_data_disks skip_create_image wait_snapshot_ready_timeout
    wait_copying_image_ready_timeout system_disk_mapping image_disk_mappings"""
RUN = """instance_type source_image instance_name description zone_id io_optimized ecs_ram_role_name run_tags
    security_group_id security_group_name security_enhancement_strategy user_data user_data_file vpc_id vpc_name
    vpc_cidr_block vswitch_id vswitch_name associate_public_ip_address eip_id internet_charge_type
    internet_max_bandwidth_out ssh_private_ip force_stop_instance disable_stop_instance"""
DISK = """disk_name disk_category disk_size disk_snapshot_id disk_description disk_delete_with_instance disk_device
    disk_encrypted"""

MINIMAL: dict[str, Any] = {
    "region": "cn-hangzhou",
    "image_name": "web",
    "instance_type": "ecs.g7.large",
    "source_image": "aliyun_3.vhd",
    "ssh_username": "root",
}


def read(environ: Any = None, **values: Any) -> tuple[AlicloudEcs, tuple[Any, ...]]:
    given = [Given(name, value) for name, value in (MINIMAL | values).items() if value is not None]
    return decode(AlicloudEcs, given, owner='builder "alicloud-ecs"', environ=environ or {})


def refusal(**values: Any) -> str:
    """What is wrong with the options, or what this release can't do with them."""
    try:
        _, found = read(**values)
    except TemplateError as refused:
        return str(refused)
    later = [str(problem) for problem in found if problem.not_yet]
    assert later
    return "\n".join(later)


@pytest.mark.parametrize("name", f"{ACCESS} {IMAGE} {RUN}".split())
def test_every_option_of_the_plugin_is_known(name: str) -> None:
    assert table(AlicloudEcs)[name].doc.endswith((".", ")"))


@pytest.mark.parametrize("name", list(DISK.split()))
def test_every_disk_option_of_the_plugin_is_known(name: str) -> None:
    assert name in table(Disk)


def test_keys_region_token_and_profile_come_from_the_environment() -> None:
    environ = {
        "ALICLOUD_ACCESS_KEY": "k",
        "ALICLOUD_SECRET_KEY": "s",
        "ALICLOUD_REGION": "cn-beijing",
        "SECURITY_TOKEN": "t",
        "ALICLOUD_PROFILE": "p",
        "ALICLOUD_SHARED_CREDENTIALS_FILE": "f",
    }
    options, _ = read(environ, region=None)
    assert (options.access_key, options.secret_key, options.security_token) == ("k", "s", "t")
    assert (options.region, options.profile, options.shared_credentials_file) == ("cn-beijing", "p", "f")
    assert set(secrets(options)) >= {"k", "s", "t"}


def test_values_are_typed_as_weakly_as_packers() -> None:
    options, warnings = read(
        io_optimized="true",
        associate_public_ip_address=1,
        wait_snapshot_ready_timeout="7200",
        image_ignore_data_disks="true",
        image_disk_mappings=[{"disk_size": "20", "disk_device": "dev/xvdb"}],
        system_disk_mapping={"disk_size": 60, "disk_category": "cloud_essd"},
        tags={"version": "v1.0.0", "app": "web"},
        tag=[{"key": "app", "value": "db"}],
        image_encrypted="false",
    )
    assert warnings == ()
    assert options.io_optimized is True
    assert options.snapshot_timeout_s == 7200.0
    assert options.image_disk_mappings == (Disk(disk_size=20, disk_device="dev/xvdb"),)
    assert options.system_disk_mapping is not None
    assert options.system_disk_mapping.disk_size == 60
    assert options.image_tags == {"version": "v1.0.0", "app": "db"}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"region": None}, "region must be given"),
        ({"image_name": "a"}, "2 to 128 bytes"),
        ({"image_name": "名" * 43}, "2 to 128 bytes"),
        ({"image_name": "a b"}, "white space"),
        ({"image_name": "http://a"}, "http://"),
        ({"image_name": None}, '"image_name" is required'),
        ({"instance_type": None}, '"instance_type" is required'),
        ({"target_image_family": "acs:x"}, "can't begin"),
        ({"target_image_family": "1x"}, "must be a letter"),
        ({"boot_mode": "LEGACY"}, "Allowed are BIOS, UEFI, UEFI-Preferred"),
        ({"source_image": None}, "source_image or an image_family"),
        ({"image_family": "f"}, "exclude each other"),
        ({"source_image": " m-1"}, "white space"),
        ({"user_data": "a", "user_data_file": "b"}, "exclude each other"),
        ({"user_data_file": "/no/such/file"}, 'no file "/no/such/file"'),
        ({"user_data": "x" * 40000}, "32 KiB"),
        ({"access_key": "k"}, "secret_key is missing"),
        ({"custom_endpoint_ecs": "http://ecs.example.com"}, "loopback only"),
        ({"custom_endpoint_vpc": "vpc.example.com/path"}, "Write only host"),
        ({"image_encrypted": True}, "not supported yet"),
        ({"image_copy_regions": "cn-beijing"}, "not supported yet"),
        ({"ram_role_name": "r"}, "not supported yet"),
        ({"kms_key_id": "k"}, "not supported yet"),
        ({"ssh_keypair_name": "mine"}, "gives no way in"),
        ({"ssh_private_key_file": "/no/key"}, 'no file "/no/key"'),
        ({"vpc_cidr_block": "nonsense"}, "not an address range"),
        ({"temporary_security_group_source_cidrs": ["10.0.0.300/8"]}, "not an address range"),
        ({"release_after": "10m"}, "at least"),
        ({"internet_charge_type": "Free"}, "PayByTraffic, PayByBandwidth"),
        ({"instanse_type": "x"}, 'Did you mean "instance_type"'),
        ({"image_disk_mappings": [{"disk_siz": 1}]}, 'Did you mean "disk_size"'),
    ],
)
def test_what_can_only_fail_is_refused_with_a_hint(values: dict[str, object], said: str) -> None:
    assert said in refusal(**values)


@pytest.mark.parametrize("name", ["description", "image_force_delete_instances", "skip_region_validation"])
def test_options_without_effect_say_so(name: str) -> None:
    _, warnings = read(**{name: "true"})
    assert [f'"{name}" has no effect' in str(warning) for warning in warnings] == [True]


@pytest.mark.parametrize(
    ("values", "eip", "key"),
    [
        ({}, True, True),
        ({"ssh_private_ip": True}, False, True),
        ({"ssh_private_ip": True, "associate_public_ip_address": True}, True, True),
        ({"eip_id": "eip-1"}, True, True),
        ({"communicator": "none"}, False, False),
        ({"communicator": "none", "associate_public_ip_address": True}, True, False),
        ({"ssh_password": "Secret-123"}, True, False),
        ({"ssh_password": "Secret-123", "temporary_key_pair_name": "t"}, True, True),
    ],
)
def test_an_eip_and_a_temporary_key_are_used_by_default(values: dict[str, object], eip: bool, key: bool) -> None:
    options, _ = read(**values)
    assert (options.wants_eip, options.wants_temporary_key) == (eip, key)


def test_a_user_data_file_is_checked_when_the_template_is(tmp_path: Path) -> None:
    file = tmp_path / "boot.sh"
    file.write_text("#!/bin/sh\n")
    assert read(user_data_file=str(file))[0].user_data_file == str(file)
    file.write_bytes(b"x" * 32769)
    assert "32 KiB" in refusal(user_data_file=str(file))


def test_importing_the_options_imports_no_sdk() -> None:
    code = (
        "import sys, imagesmith_alicloud as a; a.AlicloudEcs; "
        "print([m for m in sys.modules if m.split('.')[0] in "
        "('requests', 'urllib3', 'Tea', 'darabonba', 'aiohttp', 'cryptography') or m.startswith('alibabacloud')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
