"""SSH key pairs."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping

from imagesmith_simulator.alicloud.errors import ApiError, conflict, not_found
from imagesmith_simulator.alicloud.models.network import check_name
from imagesmith_simulator.alicloud.resources import Instance, KeyPair
from imagesmith_simulator.alicloud.store import Store, find
from imagesmith_simulator.ssh_keys import new_rsa_key

_KINDS = ("ssh-rsa", "ssh-dss", "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521")


class KeyPairModel:
    """Makes, imports, attaches and deletes key pairs."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self, region: str, name: str, *, group: str, tags: Mapping[str, str]) -> tuple[KeyPair, str]:
        """A new RSA key pair, and its private key in PEM, which is told only now."""
        self._check_free(region, name)
        private_key, public_key = new_rsa_key()
        return self._add(region, name, public_key, group, tags), private_key

    def import_key(self, region: str, name: str, public_key: str, *, group: str, tags: Mapping[str, str]) -> KeyPair:
        """A key pair from a public key line."""
        self._check_free(region, name)
        kind, _, rest = public_key.strip().partition(" ")
        try:
            blob = base64.b64decode(rest.split(" ")[0], validate=True)
        except binascii.Error:
            blob = b""
        if kind not in _KINDS or not blob.startswith(len(kind).to_bytes(4, "big") + kind.encode()):
            raise ApiError("InvalidPublicKeyBody.ValueNotSupported", 400, "The specified public key is not supported.")
        return self._add(region, name, public_key.strip(), group, tags)

    def attach(self, region: str, name: str, instance_ids: Iterable[str]) -> None:
        """Give Linux instances the key; it is in the guest after the next boot."""
        store = self._store
        key = self.get(region, name)
        instances = [find(store.instances, identity, "InvalidInstanceId.NotFound", region) for identity in instance_ids]
        for instance in instances:
            if instance.os_type == "windows":
                raise conflict("DependencyViolation.WindowsInstance", "The instance runs Windows.", status=400)
            if instance.status not in ("Running", "Stopped"):
                raise conflict("IncorrectInstanceStatus", f"The instance is {instance.status}.")
        for instance in instances:
            instance.key_pair = name
            store.machines.set_keys(instance.id, (key.public_key,))
            store.changed(instance.id)
        store.used(name)

    def detach(self, region: str, name: str, instance_ids: Iterable[str]) -> None:
        """Take the key away from instances that have it."""
        store = self._store
        self.get(region, name)
        for identity in instance_ids:
            instance = find(store.instances, identity, "InvalidInstanceId.NotFound", region)
            if instance.key_pair == name:
                instance.key_pair = ""
                store.machines.set_keys(instance.id, ())
                store.changed(instance.id)
        store.used(name)

    def delete(self, region: str, names: Iterable[str]) -> None:
        """Delete key pairs; names that do not exist are passed over. Refused while an instance has one."""
        store = self._store
        wanted = [name for name in names if (region, name) in store.key_pairs]
        for name in wanted:
            if any(self._has(instance, region, name) for instance in store.instances.values()):
                raise conflict(
                    "InvalidParameter.KeypairAlreadyAttachedInstance",
                    f"The key pair {name} is still attached to an instance.",
                    status=400,
                )
        for name in wanted:
            del store.key_pairs[region, name]
            store.changed(name)

    def get(self, region: str, name: str) -> KeyPair:
        """The key pair with a name. Raises InvalidKeyPairName.NotFound."""
        if key := self._store.key_pairs.get((region, name)):
            return key
        raise not_found("InvalidKeyPairName.NotFound", name)

    def _has(self, instance: Instance, region: str, name: str) -> bool:
        return instance.region == region and instance.key_pair == name and not instance.releasing

    def _check_free(self, region: str, name: str) -> None:
        check_name("KeyPairName", name)
        if (region, name) in self._store.key_pairs:
            raise ApiError("KeyPair.AlreadyExist", 403, f"The key pair {name} already exists.")
        self._store.check_quota("key_pair", region, self._store.key_pairs, "QuotaExceed.KeyPair")

    def _add(self, region: str, name: str, public_key: str, group: str, tags: Mapping[str, str]) -> KeyPair:
        digest = hashlib.md5(public_key.split(" ")[1].encode(), usedforsecurity=False).hexdigest()
        key = KeyPair(
            id=name,
            name=name,
            region=region,
            tags=dict(tags),
            resource_group=group,
            created=self._store.clock.now(),
            public_key=public_key,
            fingerprint=digest,
        )
        self._store.key_pairs[region, name] = key
        self._store.made(key)
        return key
