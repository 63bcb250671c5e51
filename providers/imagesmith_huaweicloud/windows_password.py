"""The password that a Windows guest makes itself: waited for, fetched and decrypted with the private key.

Cloudbase-Init in the guest makes it at the first start and leaves it with the cloud, encrypted with the public half of
the instance's key pair. Source: ShowServerPassword; RSA with the padding of PKCS #1 version 1.5, in base64.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import math
from typing import TYPE_CHECKING

from imagesmith import redact
from imagesmith.errors import UsageError, WaitTimeout
from imagesmith.interfaces import Login, Machine
from imagesmith.waiting import Patience, Pending
from imagesmith_huaweicloud.context import Context
from imagesmith_huaweicloud.sdk import ecs

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_NO_FIT = "give the private key of the pair that ssh_keypair_name names"


def password(context: Context, machine: Machine, login: Login) -> Login:
    """The login with the password, once the guest has made one.

    Raises `WaitTimeout` after ``winrm_timeout``, and `UsageError` when the private key does not open it.
    """
    request = ecs.ShowServerPasswordRequest(server_id=machine.id)

    def probe() -> str | Pending:
        return str(context.cloud.read(request).get("password") or "") or Pending("not made yet")

    patience = Patience(context.options.winrm_timeout or math.inf, first_s=2.0, growth=1.1, longest_s=5.0)
    try:
        encrypted = context.run.wait_until(f"Windows password of {machine.id}", probe, patience)
    except WaitTimeout as error:
        hint = "the source image needs Cloudbase-Init to make one; give winrm_password, or a longer winrm_timeout"
        raise WaitTimeout(error.message, hint=hint) from None
    found = decrypted(encrypted, login.private_key)
    redact.register(found)
    # The key pair has done its work: nobody logs in with it.
    return dataclasses.replace(login, key_name="", password=found, password_later=False)


def decrypted(encrypted: str, private_key: str) -> str:
    """The password in plain text. Raises `UsageError` when the key is not RSA, or not the one it was encrypted for."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

    key = rsa_key(private_key)
    try:
        text = key.decrypt(base64.b64decode(encrypted, validate=True), PKCS1v15()).decode()
    except (binascii.Error, ValueError):
        text = ""
    # A key that does not fit is not always told: OpenSSL may then give random bytes instead.
    if not text or not text.isprintable():
        raise UsageError("the private key does not decrypt the password of Windows", hint=_NO_FIT)
    return text


def rsa_key(private_key: str) -> RSAPrivateKey:
    """The key, which has to be RSA. Raises `UsageError` for any other, and for what can't be read."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    key = _read(private_key)
    if not isinstance(key, RSAPrivateKey):
        raise UsageError("the password of Windows is encrypted for RSA keys, and this is none", hint=_NO_FIT)
    return key


def _read(private_key: str) -> object:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_ssh_private_key

    data = private_key.encode()
    load = load_ssh_private_key if b"OPENSSH PRIVATE KEY" in data else load_pem_private_key
    try:
        return load(data, password=None)
    except TypeError:
        hint = "take the passphrase off a copy of it: ssh-keygen -p -f FILE"
        raise UsageError("ssh_private_key_file is protected by a passphrase", hint=hint) from None
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError("ssh_private_key_file is not a private key that can be read", hint=_NO_FIT) from None
