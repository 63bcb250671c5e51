"""The options that every builder takes for the way into its machine, and the choice of that way.

Source: the communicator options of packer-plugin-sdk, whose names, types and defaults these are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from imagesmith import ssh_settings
from imagesmith.errors import Diagnostic
from imagesmith.options import Duration, Options, option

_LATER_WINRM = "WinRM comes with a later release"

POSIX_SHELL: frozenset[str] = frozenset({"ssh", "cloud-assistant"})
"""The ways into a machine on which commands are read by a POSIX shell."""

WINDOWS: frozenset[str] = frozenset({"ssh", "winrm"})
"""The ways into a Windows machine; its SSH server is OpenSSH's."""

TO_A_MACHINE: frozenset[str] = POSIX_SHELL | WINDOWS
"""Every way into a machine: all but ``none``."""


class CommunicatorOptions(Options):
    """``communicator``, ``ssh_*`` and ``winrm_*``: part of every builder's option table.

    ``in_a_cloud``: whether the builder works in a cloud, which can be simulated.
    """

    in_a_cloud: ClassVar[bool] = True

    communicator: str = option(
        default="ssh", choices=("ssh", "none", "winrm"), doc="The way into the machine: ssh, winrm or none."
    )
    pause_before_connecting: Duration = option(
        default=0.0, doc="After the first successful connection wait this long, then connect again."
    )
    ssh_host: str = option(default="", doc="Connect to this host instead of the address that the builder finds.")
    ssh_port: int = option(default=22, doc="The SSH server's port.")
    ssh_username: str = option(default="", doc="The user to log in as.")
    ssh_password: str = option(default="", secret=True, doc="The user's password, also for keyboard-interactive.")
    ssh_keypair_name: str = option(default="", doc="An existing key pair of the cloud to use.")
    temporary_key_pair_name: str = option(default="", doc="The name of the temporary key pair.")
    temporary_key_pair_type: str = option(
        default="",
        choices=("rsa", "ecdsa", "ed25519"),
        doc="The kind of temporary key: rsa, ecdsa or ed25519; by default what the cloud is known to accept.",
    )
    temporary_key_pair_bits: int = option(default=0, doc="The size of the temporary key in bits, 0 for the usual one.")
    ssh_ciphers: Sequence[str] = option(
        default=(), doc="The ciphers to offer, the preferred one first; to bastions too."
    )
    ssh_key_exchange_algorithms: Sequence[str] = option(
        default=(), doc="The key exchange algorithms to offer, the preferred one first; to bastions too."
    )
    ssh_profile: str = option(
        default="",
        choices=("fips",),
        doc='"fips": offer only algorithms that FIPS 140 approves, and log in with RSA and ECDSA keys only.',
    )
    ssh_clear_authorized_keys: bool = option(
        default=False,
        doc="Remove the temporary key's line from authorized_keys before the image is made. "
        "imagesmith always does; the option is kept for templates that set it.",
    )
    ssh_private_key_file: str = option(default="", doc="The private key to log in with; ~ is expanded.")
    ssh_private_key_passphrase: str = option(default="", secret=True, doc="The passphrase of an encrypted private key.")
    ssh_certificate_file: str = option(
        default="", doc="The certificate of that key, signed by a CA that the server trusts; ~ is expanded."
    )
    ssh_pty: bool = option(default=False, doc="Ask for a terminal for every command.")
    ssh_timeout: Duration = option(
        default=0.0,
        aliases=("ssh_wait_timeout",),
        doc="How long to try to connect. 5m if ssh_handshake_attempts isn't given either, else no limit.",
    )
    ssh_handshake_attempts: int = option(
        default=0,
        doc="How many refused logins end the wait. 10 if ssh_timeout isn't given either, else no number: "
        "then logins that are refused for 25 s end it.",
    )
    ssh_agent_auth: bool = option(default=False, doc="Log in with the keys of the SSH agent (SSH_AUTH_SOCK).")
    ssh_agent_forwarding: bool = option(
        default=False, doc="Let commands in the guest use the SSH agent: whoever is root there can use it, too."
    )
    ssh_disable_agent_forwarding: bool = option(
        default=False, doc="The agent is never forwarded without ssh_agent_forwarding; kept for templates that set it."
    )
    ssh_bastion_host: str = option(
        default="",
        doc='The host to connect through; several are written as for ProxyJump: "first,user@second:2222".',
    )
    ssh_bastion_port: int = option(default=22, doc="The port of bastions that are given without one.")
    ssh_bastion_username: str = option(
        default="", doc="The user on bastions that are given without one; by default ssh_username."
    )
    ssh_bastion_password: str = option(
        default="", secret=True, doc="The password on the bastion, also for keyboard-interactive."
    )
    ssh_bastion_interactive: bool = option(
        default=False, doc="Ask on the terminal what the bastion asks (keyboard-interactive)."
    )
    ssh_bastion_agent_auth: bool = option(default=False, doc="Log in to the bastion with the keys of the SSH agent.")
    ssh_bastion_private_key_file: str = option(
        default="", doc="The key for the bastion; by default ssh_private_key_file, with its certificate."
    )
    ssh_bastion_private_key_passphrase: str = option(
        default="", secret=True, doc="The passphrase of ssh_bastion_private_key_file."
    )
    ssh_bastion_certificate_file: str = option(default="", doc="The certificate of ssh_bastion_private_key_file.")
    ssh_bastion_host_key_fingerprints: Sequence[str] = option(
        default=(),
        doc="The only host keys to accept from bastions, as SHA256:… fingerprints or as public key lines. "
        "By default the first key seen is trusted until the build ends.",
    )
    ssh_file_transfer_method: str = option(
        default="",
        choices=("scp", "sftp"),
        doc="Use only this method for files. By default one tar stream is used, then sftp, scp and plain commands.",
    )
    ssh_proxy_host: str = option(default="", doc="A proxy to connect through; it also looks the host's name up.")
    ssh_proxy_type: str = option(
        default="socks5", choices=("socks5", "http"), doc='What the proxy speaks: "socks5", or "http" with CONNECT.'
    )
    ssh_proxy_port: int = option(default=1080, doc="The proxy's port.")
    ssh_proxy_username: str = option(default="", doc="The user on the proxy.")
    ssh_proxy_password: str = option(default="", secret=True, doc="The password on the proxy.")
    ssh_proxy_loopback: bool = option(
        default=False, doc="Use the proxy for loopback addresses too, which are otherwise connected to directly."
    )
    ssh_keep_alive_interval: Duration = option(
        default=5.0, doc="How often to tell the server that we are alive; negative turns it off."
    )
    ssh_read_write_timeout: Duration = option(
        default=0.0, doc="Give a command up when the connection is silent for so long; 0 for never."
    )
    ssh_remote_tunnels: Sequence[str] = option(
        default=(), doc="PORT:HOST:PORT: a port that the guest's localhost listens on, and where to connect from here."
    )
    ssh_local_tunnels: Sequence[str] = option(
        default=(), doc="PORT:HOST:PORT: a port that localhost listens on here, and where to connect from the guest."
    )
    ssh_host_key_fingerprints: Sequence[str] = option(
        default=(), doc="The only host keys to accept, as SHA256:… fingerprints or as public key lines."
    )
    winrm_username: str = option(default="", doc="The user to log in as.", not_yet=_LATER_WINRM)
    winrm_password: str = option(default="", secret=True, doc="The user's password.", not_yet=_LATER_WINRM)
    winrm_host: str = option(default="", doc="Connect to this host instead.", not_yet=_LATER_WINRM)
    winrm_port: int = option(default=0, doc="5985, or 5986 with TLS.", not_yet=_LATER_WINRM)
    winrm_timeout: Duration = option(default=1800.0, doc="How long to try to connect.", not_yet=_LATER_WINRM)
    winrm_use_ssl: bool = option(default=False, doc="Use HTTPS.", not_yet=_LATER_WINRM)
    winrm_insecure: bool = option(default=False, doc="Don't check the certificate.", not_yet=_LATER_WINRM)
    winrm_use_ntlm: bool | None = option(default=None, doc="NTLM instead of basic.", not_yet=_LATER_WINRM)
    winrm_no_proxy: bool = option(default=False, doc="Pass proxies by.", not_yet=_LATER_WINRM)

    def problems(self) -> Iterator[Diagnostic]:
        if self.communicator == "winrm":
            yield Diagnostic('the communicator "winrm" is not supported yet', hint=_LATER_WINRM, not_yet=True)
        if self.communicator == "ssh" and not self.ssh_username:
            yield Diagnostic("an ssh_username must be given", hint='for most Linux images it is "root"')
        if self.communicator == "ssh":
            yield from ssh_settings.problems(self)
        yield from super().problems()
