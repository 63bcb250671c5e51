"""Vaults of CBR, the backups in them, and images of whole servers, which are made through a backup."""

from __future__ import annotations

from imagesmith_simulator.huaweicloud.codes import failure, refusal
from imagesmith_simulator.huaweicloud.models.images import ImageModel
from imagesmith_simulator.huaweicloud.resources import Backup, Image, Job, Vault
from imagesmith_simulator.huaweicloud.store import Store
from imagesmith_simulator.machines.hosting import done

_WHOLE = "createWholeImageByInstance"


class VaultModel:
    """Makes whole images and deletes backups."""

    def __init__(self, store: Store, images: ImageModel) -> None:
        self._store = store
        self._images = images

    def vault(self, identity: str, project_id: str, code: str = "BackupService.6105") -> Vault:
        """The vault with an id."""
        vault = self._store.vaults.get(identity)
        if vault is None or vault.project_id != project_id:
            raise refusal(code, f"The vault {identity} does not exist.")
        return vault

    def backup(self, identity: str, project_id: str, code: str = "BackupService.6200") -> Backup:
        """The backup with an id."""
        backup = self._store.backups.get(identity)
        if backup is None or backup.project_id != project_id:
            raise refusal(code, f"The backup {identity} does not exist.")
        return backup

    def delete_backup(self, identity: str, project_id: str) -> None:
        """Delete a backup that no image is made of."""
        backup = self.backup(identity, project_id)
        if any(image.backup_id == backup.id for image in self._store.images.values()):
            raise refusal("BackupService.6204", f"The backup {backup.id} is used by an image and can't be deleted.")
        self._images.drop_backup(backup.id)

    def create_whole(self, image: Image, server_id: str, vault_id: str) -> Job:
        """An image of all disks of a server: first their backup in a vault, then the image.

        The job fails when the vault has no room for the disks.
        """
        store = self._store
        vault = self.vault(vault_id, image.project_id, "IMG.0170")
        server = self._images.source_server(server_id, image.project_id)
        disks = self._images.disks_of(server)
        system = next((disk for disk in disks if disk.kind == "system"), None)
        if system is None:
            raise refusal("IMG.0006")
        self._images.check_new([image])
        self._images.describe(image, server, system)
        image.kind = "whole"
        takes = store.latencies["backup"] + store.latencies["image"]
        size = sum(disk.size for disk in disks)
        used = [server.id, vault.id, *(disk.id for disk in disks)]
        if vault.used + size > vault.size:
            text = f"The capacity of the vault is insufficient: {vault.used} of {vault.size} GB used, {size} GB needed."
            reason = failure("BackupService.6601", text)
            return self._images.write(
                "createWholeImageByInstance", [image], takes, done(None), used=used, reason=reason
            )
        image.backup_id = self._new_backup(image, vault, server.id, size).id
        if server.id not in vault.resource_ids:
            vault.resource_ids.append(server.id)
        content = store.machines.snapshot(server.id)
        return self._images.write(_WHOLE, [image], takes, content, used=used)

    def create_of_backup(self, image: Image, backup_id: str) -> Job:
        """An image of all disks in a backup, of which no image has been made yet."""
        store = self._store
        backup = self.backup(backup_id, image.project_id, "IMG.0020")
        if backup.status != "available":
            raise refusal("IMG.0032", f"The backup is {backup.status}.")
        if any(other.backup_id == backup.id for other in store.images.values()):
            raise refusal("IMG.0029")
        self._images.check_new([image])
        image.kind, image.backup_id, image.min_disk = "whole", backup.id, max(1, backup.size)
        image.status, image.source_id = "saving", backup.server_id
        if (server := store.servers.get(backup.server_id)) and (base := store.images.get(server.image_id)):
            image.platform, image.os_version, image.architecture = base.platform, base.os_version, base.architecture
        content = done(backup.content.hold() if backup.content else None)
        return self._images.write("createWholeImageByBackup", [image], "image", content, used=[backup.id])

    def _new_backup(self, image: Image, vault: Vault, server_id: str, size: int) -> Backup:
        store = self._store
        backup = Backup(
            id=store.new_id(),
            project_id=image.project_id,
            name=f"backup_for_image_{image.id}",
            vault_id=vault.id,
            server_id=server_id,
            size=size,
            enterprise_project_id=image.enterprise_project_id,
        )
        store.backups[backup.id] = backup
        vault.used += size
        store.made(backup)
        return backup
