"""How to log in: a temporary key made here, the user's own key, or a password.

Windows makes its first password itself, and tells it encrypted with the key pair: `windows_password`.
"""

from __future__ import annotations

import hashlib

from imagesmith.errors import AlreadyExists, Conflict
from imagesmith.interfaces import Login
from imagesmith.keys import make_key, read_key
from imagesmith_huaweicloud.context import Context
from imagesmith_huaweicloud.sdk import ecs
from imagesmith_huaweicloud.windows_password import rsa_key


def login(context: Context) -> Login:
    """The login; with a temporary key its public half is imported, the private half never leaves this process."""
    options = context.options
    if options.wants_temporary_key:
        return _temporary(context)
    if options.communicator == "winrm":
        return _over_winrm(context)
    return Login(
        username=options.ssh_username,
        key_name=options.ssh_keypair_name,
        private_key=read_key(options.ssh_private_key_file) if options.ssh_private_key_file else "",
        password=options.ssh_password,
    )


def _over_winrm(context: Context) -> Login:
    """A given password, which the cloud sets; or the one that the guest makes and the given key pair decrypts.

    A key that can't do that is refused before anything is made.
    """
    options = context.options
    if options.instance_password:
        return Login(username=options.username, password=options.instance_password)
    private = read_key(options.ssh_private_key_file)
    rsa_key(private)
    return Login(options.username, key_name=options.ssh_keypair_name, password_later=True, private_key=private)


def _temporary(context: Context) -> Login:
    options = context.options
    name = options.temporary_key_pair_name or context.name
    private, public = make_key(options.temporary_key_pair_type, options.temporary_key_pair_bits, name)
    pair = ecs.NovaCreateKeypairOption(name=name, public_key=public)
    request = ecs.NovaCreateKeypairRequest(body=ecs.NovaCreateKeypairRequestBody(keypair=pair))

    def make(_token: str) -> str:
        try:
            context.cloud.write_once(request)
        except Conflict as error:
            hint = "take another temporary_key_pair_name"
            text = f'there is a key pair "{name}" already'
            raise AlreadyExists(text, action=error.action, code=error.code, status=error.status, hint=hint) from None
        return name

    # The name may be the user's choice, and be somebody else's key pair: it is ours if it is this key.
    context.own("key-pair", make, name, key=digest(public))
    if options.communicator == "winrm":
        # It only encrypts the password: no trace of it gets into the guest.
        return Login(username=options.username, key_name=name, password_later=True, private_key=private)
    return Login(
        username=options.ssh_username,
        key_name=name,
        public_key=public,
        temporary=True,
        private_key=private,
        password=options.ssh_password,
    )


def digest(public_key: str) -> str:
    """A short name for a public key, whatever its comment."""
    words = public_key.split()
    return hashlib.sha256(words[1].encode()).hexdigest()[:32] if len(words) > 1 else ""
