"""CBR and IMS: images of whole servers through backups in a vault."""

from __future__ import annotations

from typing import Any

import pytest

from imagesmith.errors import NotFound
from imagesmith_huaweicloud.sdk import cbr, ecs, ims
from imagesmith_simulator.faults import Fault
from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud
from tests.simulator.huaweicloud.clients import Sdk

VAULT = "8a3c2f10-0000-4000-8000-000000000001"


@pytest.fixture
def vault(cloud: SimulatedHuaweicloud, sdk: Sdk) -> str:
    """A vault that the account has."""
    cloud.adopt({"project_id": sdk.project_id, "region": "cn-north-4", "vault_id": VAULT})
    return VAULT


def create(**fields: Any) -> Any:
    body = ims.CreateWholeImageRequestBody(**{"name": "whole", **fields})
    return ims.CreateWholeImageRequest(body=body)


def room(sdk: Sdk) -> tuple[int, int]:
    """How big the vault is and how much of it is used, in GiB."""
    billing = sdk.do(cbr.ShowVaultRequest(vault_id=VAULT))["vault"]["billing"]
    assert billing["used"] == billing["allocated"] * 1024
    return billing["size"], billing["allocated"]


def test_a_whole_image_has_a_backup_in_the_vault(sdk: Sdk, vault: str) -> None:
    server = sdk.server(data_volumes=[ecs.PostPaidServerDataVolume(volumetype="SAS", size=20)], stopped=True)
    tags = [ims.TagKeyValue(key="a", value="b")]
    job = sdk.job(sdk.do(create(instance_id=server, vault_id=vault, description="all", image_tags=tags)))
    assert job["status"] == "SUCCESS"
    image = sdk.do(ims.GlanceShowImageRequest(image_id=job["entities"]["image_id"]))
    assert (image["status"], image["name"], image["tags"]) == ("active", "whole", ["a.b"])
    backup = sdk.do(cbr.ShowBackupRequest(backup_id=image["__backup_id"]))["backup"]
    assert (backup["vault_id"], backup["resource_id"], backup["status"]) == (vault, server, "available")
    assert (backup["name"], backup["resource_size"]) == (f"backup_for_image_{image['id']}", 60)
    assert backup["extend_info"]["os_images_data"] == [{"image_id": image["id"]}]
    assert sdk.do(cbr.ListBackupsRequest(vault_id=vault, resource_id=server))["backups"] == [backup]
    assert room(sdk)[1] == 60
    refusal = sdk.refused(cbr.DeleteBackupRequest(backup_id=backup["id"]))
    assert refusal.code == "BackupService.6204"


@pytest.mark.parametrize("with_backup", [True, False])
def test_the_backup_goes_with_the_image_where_it_is_told_to(sdk: Sdk, vault: str, *, with_backup: bool) -> None:
    job = sdk.job(sdk.do(create(instance_id=sdk.server(), vault_id=vault)))
    body = ims.GlanceDeleteImageRequestBody(delete_backup=True) if with_backup else None
    sdk.do(ims.GlanceDeleteImageRequest(image_id=job["entities"]["image_id"], body=body))
    backups = sdk.do(cbr.ListBackupsRequest())["backups"]
    assert (len(backups), room(sdk)[1]) == ((0, 0) if with_backup else (1, 40))
    for backup in backups:
        sdk.do(cbr.DeleteBackupRequest(backup_id=backup["id"]))
        assert isinstance(sdk.refused(cbr.ShowBackupRequest(backup_id=backup["id"])), NotFound)
    assert room(sdk)[1] == 0


def test_a_full_vault_fails_the_job_and_makes_no_backup(sdk: Sdk, vault: str) -> None:
    size, _ = room(sdk)
    server = sdk.server(root_volume=ecs.PostPaidServerRootVolume(volumetype="SSD", size=size + 1))
    job = sdk.job(sdk.do(create(instance_id=server, vault_id=vault)))
    assert job["status"] == "FAIL"
    assert f"0 of {size} GB used, {size + 1} GB needed" in job["fail_reason"]
    assert sdk.do(cbr.ListBackupsRequest())["backups"] == []
    assert [image["status"] for image in sdk.images(name="whole")] == ["killed"]


def test_a_job_that_fails_leaves_a_bad_backup(cloud: SimulatedHuaweicloud, sdk: Sdk, vault: str) -> None:
    server = sdk.server()
    cloud.faults.add(Fault(action="CreateWholeImage", kind="end_state"))
    assert sdk.job(sdk.do(create(instance_id=server, vault_id=vault)))["status"] == "FAIL"
    assert [backup["status"] for backup in sdk.do(cbr.ListBackupsRequest())["backups"]] == ["error"]
    image = sdk.images(name="whole")[0]
    body = ims.GlanceDeleteImageRequestBody(delete_backup=True)
    sdk.do(ims.GlanceDeleteImageRequest(image_id=image["id"], body=body))
    assert room(sdk)[1] == 0


def test_an_image_of_a_backup(sdk: Sdk, vault: str) -> None:
    server = sdk.server()
    job = sdk.job(sdk.do(create(instance_id=server, vault_id=vault)))
    backup = sdk.do(cbr.ListBackupsRequest())["backups"][0]["id"]
    assert sdk.refused(create(backup_id=backup)).code == "IMG.0029"
    sdk.do(ims.GlanceDeleteImageRequest(image_id=job["entities"]["image_id"]))
    again = sdk.job(sdk.do(create(name="again", backup_id=backup, whole_image_type="CBR")))
    assert sdk.do(ims.GlanceShowImageRequest(image_id=again["entities"]["image_id"]))["__backup_id"] == backup
    assert sdk.refused(create(backup_id="nothing")).code == "IMG.0020"
    assert sdk.refused(create(backup_id=backup, whole_image_type="CSBS")).code == "IMG.0021"


def test_a_whole_image_is_accepted_into_a_vault(cloud: SimulatedHuaweicloud, sdk: Sdk, vault: str) -> None:
    member = Sdk(cloud, region="cn-north-1")
    job = sdk.job(sdk.do(create(instance_id=sdk.server(), vault_id=vault)))
    image = job["entities"]["image_id"]
    body = ims.BatchAddMembersRequestBody(images=[image], projects=[member.project_id])
    sdk.do(ims.BatchAddMembersRequest(body=body))
    answer = ims.BatchUpdateMembersRequestBody(images=[image], project_id=member.project_id, status="accepted")
    assert "vault" in str(member.refused(ims.BatchUpdateMembersRequest(body=answer)))
    answer.vault_id = "a-vault-of-theirs"
    member.do(ims.BatchUpdateMembersRequest(body=answer))
    assert member.images(imagetype="shared")[0]["id"] == image


def test_what_is_not_there_is_refused(sdk: Sdk, vault: str) -> None:
    assert sdk.refused(create(instance_id=sdk.server(), vault_id="nothing")).code == "IMG.0170"
    assert sdk.refused(create(instance_id="nobody", vault_id=vault)).code == "IMG.0005"
    assert sdk.refused(create(vault_id=vault)).code == "IMG.0021"
    assert isinstance(sdk.refused(cbr.ShowVaultRequest(vault_id="nothing")), NotFound)
    assert [found["id"] for found in sdk.do(cbr.ListVaultRequest())["vaults"]] == [vault]
