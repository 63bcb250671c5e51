"""SSH key pairs (Nova's v2.1)."""

from __future__ import annotations

from typing import Any

from imagesmith_simulator.huaweicloud.account import Account
from imagesmith_simulator.huaweicloud.errors import Refused
from imagesmith_simulator.huaweicloud.handlers.paging import page
from imagesmith_simulator.huaweicloud.resources import KeyPair
from imagesmith_simulator.huaweicloud.routes import Call, operation

_KEYS = "/v2.1/{project_id}/os-keypairs"


@operation("ecs", "NovaCreateKeypair", f"POST {_KEYS}", fields="keypair.name keypair.public_key keypair.type")
def create(account: Account, call: Call) -> Any:
    """A key pair of the given public key, or a new one with its private key."""
    given = call.body.get("keypair") or {}
    if not given.get("name"):
        raise Refused(
            "400", 400, "Invalid input for field/attribute keypair: name is a required property", shape="nova"
        )
    key, private = account.key_pairs.create(call.project_id, given["name"], given.get("public_key") or "")
    shown = {**_key(key), "user_id": "simulated"}
    return {"keypair": {**shown, "private_key": private} if private else shown}


@operation("ecs", "NovaShowKeypair", f"GET {_KEYS}/{{keypair_name}}")
def show(account: Account, call: Call) -> Any:
    """One key pair."""
    key = account.key_pairs.get(call.project_id, call.path["keypair_name"])
    return {"keypair": {**_key(key), "user_id": "simulated", "created_at": account.store.clock.stamp(key.created)}}


@operation("ecs", "NovaListKeypairs", f"GET {_KEYS}", query="limit marker")
def list_all(account: Account, call: Call) -> Any:
    """The project's key pairs."""
    found = account.store.listed(account.store.key_pairs, call.project_id)
    return {"keypairs": [{"keypair": _key(key)} for key in page(found, call.query)]}


@operation("ecs", "NovaDeleteKeypair", f"DELETE {_KEYS}/{{keypair_name}}", status=202)
def delete(account: Account, call: Call) -> None:
    """Delete a key pair."""
    account.key_pairs.delete(call.project_id, call.path["keypair_name"])


def _key(key: KeyPair) -> dict[str, str]:
    return {"name": key.name, "public_key": key.public_key, "fingerprint": key.fingerprint}
