"""SSH key pairs, as Nova has them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

from imagesmith_simulator.huaweicloud.errors import Refused
from imagesmith_simulator.huaweicloud.resources import KeyPair
from imagesmith_simulator.huaweicloud.store import Store
from imagesmith_simulator.ssh_keys import new_rsa_key

_KINDS = ("ssh-rsa", "ssh-dss", "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521")


class KeyPairModel:
    """Makes, imports and deletes key pairs."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self, project_id: str, name: str, public_key: str = "") -> tuple[KeyPair, str]:
        """A key pair of a public key or, without one, a new one, whose private key in PEM is told only now."""
        store = self._store
        if not re.fullmatch(r"[\w .@-]{1,255}", name):
            raise _refused(400, "Keypair data is invalid: Keypair name contains unsafe characters")
        if (project_id, name) in store.key_pairs:
            raise _refused(409, f"Key pair '{name}' already exists.")
        held = sum(key.project_id == project_id for key in store.key_pairs.values())
        if held >= store.quotas["key_pair"]:
            raise _refused(403, "Quota exceeded, too many key pairs.")
        private = ""
        if not public_key:
            private, public_key = new_rsa_key()
        key = KeyPair(
            id=name, name=name, project_id=project_id, public_key=public_key, fingerprint=fingerprint(public_key)
        )
        store.key_pairs[project_id, name] = key
        store.made(key)
        return key, private

    def get(self, project_id: str, name: str) -> KeyPair:
        """The key pair with a name. Raises Nova's NotFound."""
        if key := self._store.key_pairs.get((project_id, name)):
            return key
        raise _refused(404, f"Keypair {name} not found for user simulated")

    def delete(self, project_id: str, name: str) -> None:
        """Delete a key pair; servers that have it keep its key."""
        self.get(project_id, name)
        del self._store.key_pairs[project_id, name]
        self._store.changed(name)


def fingerprint(public_key: str) -> str:
    """Nova's fingerprint of a public key line. Raises Nova's refusal for what is no key."""
    kind, _, rest = public_key.strip().partition(" ")
    try:
        data = base64.b64decode(rest.split(" ")[0], validate=True)
    except binascii.Error:
        data = b""
    if kind not in _KINDS or kind.encode() not in data[:64]:
        raise _refused(400, "Keypair data is invalid: failed to generate fingerprint")
    digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return ":".join(digest[at : at + 2] for at in range(0, 32, 2))


def _refused(status: int, text: str) -> Refused:
    return Refused(str(status), status, text, shape="nova")
