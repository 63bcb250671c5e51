"""The options that every builder takes for the way into its machine, and the choice of that way.

Source: the communicator options of packer-plugin-sdk, whose names, types and defaults these are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from imagesmith import ssh_settings
from imagesmith.errors import Diagnostic
from imagesmith.options import Duration, Options, option

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
    wait_for_guest: bool = option(
        default=True,
        doc="Before provisioning wait until cloud-init has finished and no package manager is at work in the guest, "
        "where it has them.",
    )
    guest_ready_timeout: Duration = option(default=300.0, doc="How long to wait for that.")
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
    winrm_username: str = option(default="", doc="The user to log in as.")
    winrm_password: str = option(default="", secret=True, doc="The user's password, unless the builder has set one.")
    winrm_host: str = option(default="", doc="Connect to this host instead of the address that the builder finds.")
    winrm_port: int = option(default=0, doc="The WinRM service's port; by default 5985, with TLS 5986.")
    winrm_timeout: Duration = option(default=1800.0, doc="How long to try to connect; 0 for no limit.")
    winrm_use_ssl: bool = option(default=False, doc="Use HTTPS.")
    winrm_insecure: bool = option(default=False, doc="Accept any TLS certificate.")
    winrm_certificate_fingerprints: Sequence[str] = option(
        default=(),
        doc="The only TLS certificates to accept, self-signed or not, as SHA-256 or SHA-1 fingerprints. "
        "A private CA is named by REQUESTS_CA_BUNDLE instead.",
    )
    winrm_use_ntlm: bool | None = option(
        default=None,
        doc="Log in by NTLM, which also encrypts all messages without TLS; false: by basic authentication. "
        "By default NTLM where the service offers it.",
    )
    winrm_auth: str = option(
        default="",
        choices=("basic", "ntlm", "kerberos", "credssp"),
        doc="How to log in; goes before winrm_use_ntlm. kerberos uses the ticket that kinit got.",
    )
    winrm_no_proxy: bool = option(
        default=False, doc="Connect directly, whatever HTTP_PROXY and HTTPS_PROXY say. Loopback is never proxied."
    )

    @property
    def username(self) -> str:
        """The user to log in as."""
        return self.winrm_username if self.communicator == "winrm" else self.ssh_username

    @property
    def given_host(self) -> str:
        """The host to connect to whatever the builder finds; "" where the template names none."""
        return self.winrm_host if self.communicator == "winrm" else self.ssh_host

    @property
    def port(self) -> int:
        """The port in the machine that the communicator connects to."""
        if self.communicator == "winrm":
            return self.winrm_port or (5986 if self.winrm_use_ssl else 5985)
        return self.ssh_port

    def problems(self) -> Iterator[Diagnostic]:
        if self.wait_for_guest and self.guest_ready_timeout <= 0:
            yield Diagnostic("guest_ready_timeout must be more than 0", hint="wait_for_guest = false does not wait")
        if self.communicator == "winrm":
            yield from self._winrm_problems()
        if self.communicator == "ssh" and not self.ssh_username:
            yield Diagnostic("an ssh_username must be given", hint='for most Linux images it is "root"')
        if self.communicator == "ssh":
            yield from ssh_settings.problems(self)
        yield from super().problems()

    def _winrm_problems(self) -> Iterator[Diagnostic]:
        if not self.winrm_username and self.winrm_auth != "kerberos":
            yield Diagnostic("a winrm_username must be given", hint='for most Windows images it is "Administrator"')
        if self.winrm_certificate_fingerprints and not self.winrm_use_ssl:
            yield Diagnostic(
                "winrm_certificate_fingerprints has no effect without TLS", hint="set winrm_use_ssl = true"
            )
        if self.winrm_auth in ("basic", "kerberos", "credssp") and self.winrm_use_ntlm:
            yield Diagnostic(
                f'winrm_use_ntlm contradicts winrm_auth = "{self.winrm_auth}"', hint="give only one of them"
            )
