"""How to log in: a temporary key made here, the user's own key, or a password; for Windows a password that is made up.

ECS puts no key pair into Windows. A password is set by the call that makes the instance, so nothing has to be waited
for. Source: RunInstances, KeyPairName and Password.
"""

from __future__ import annotations

from imagesmith import redact
from imagesmith.interfaces import Login, SourceImage
from imagesmith.keys import make_key, read_key
from imagesmith.passwords import make_password
from imagesmith_alicloud.context import Context, as_tags
from imagesmith_alicloud.sdk import ecs


def login(context: Context, source: SourceImage) -> Login:
    """The login; with a temporary key its public half is imported, the private half never leaves this process."""
    options = context.options
    if wants_new_password(context, source):
        password = make_password()
        redact.register(password)
        return Login(username=options.username, password=password)
    if options.communicator == "winrm":
        return Login(username=options.username, password=options.instance_password)
    if options.wants_temporary_key:
        return _temporary(context)
    return Login(
        username=options.ssh_username,
        key_name=options.ssh_keypair_name,
        private_key=read_key(options.ssh_private_key_file) if options.ssh_private_key_file else "",
        password=options.ssh_password,
    )


def wants_new_password(context: Context, source: SourceImage) -> bool:
    """Whether a password has to be made up: Windows, and the template gives none."""
    options = context.options
    if options.communicator == "winrm":
        return not options.instance_password
    return source.os == "windows" and options.wants_temporary_key


def _temporary(context: Context) -> Login:
    options = context.options
    name = options.temporary_key_pair_name or context.name
    private, public = make_key(options.temporary_key_pair_type, options.temporary_key_pair_bits, name)

    def make(token: str) -> str:
        context.cloud.write_once(
            ecs.ImportKeyPairRequest(
                key_pair_name=name,
                public_key_body=public,
                resource_group_id=options.resource_group_id or None,
                tag=as_tags(ecs.ImportKeyPairRequestTag, context.marks(token)),
            )
        )
        return name

    context.own("key-pair", make, name)
    return Login(
        username=options.ssh_username,
        key_name=name,
        public_key=public,
        temporary=True,
        private_key=private,
        password=options.ssh_password,
    )
