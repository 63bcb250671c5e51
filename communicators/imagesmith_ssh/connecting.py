"""From an address to an authenticated connection: try, tell causes apart, try again while that makes sense."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from imagesmith.errors import BuildTimeout, Cancelled, ConnectError, ImagesmithError
from imagesmith.ssh_settings import jumps
from imagesmith.waiting import CancelToken
from imagesmith.ways_in.last_words import with_console
from imagesmith_ssh import credentials
from imagesmith_ssh.algorithms import Algorithms
from imagesmith_ssh.credentials import Credentials
from imagesmith_ssh.failures import Target
from imagesmith_ssh.hop import Hop
from imagesmith_ssh.hostkeys import HostKeys, OtherKeyWanted
from imagesmith_ssh.proxies import proxy_of
from imagesmith_ssh.route import Route
from imagesmith_ssh.transport import SshTransport
from imagesmith_ssh.tries import Tries
from imagesmith_ssh.tunnels import Tunnels

if TYPE_CHECKING:
    from imagesmith.communicator import CommunicatorOptions
    from imagesmith.interfaces import Address, Login


class Connector:
    """Makes the connection, and makes it anew; remembers the host keys in between."""

    def __init__(
        self,
        address: Address,
        login: Login,
        options: CommunicatorOptions,
        *,
        cancel: CancelToken,
        say: Callable[[str], None],
        console: Callable[[], str],
    ) -> None:
        """Raises for keys, certificates, pins and names that are of no use, before anything is tried."""
        self.options = options
        self.login = login
        self.cancel = cancel
        self.say = say
        self._console = console
        self._algorithms = Algorithms(options)
        host = options.ssh_host or address.host
        proxy = proxy_of(options, host)
        bastions = self._bastions()
        self.target = Target(
            host=host,
            port=address.port or options.ssh_port,
            username=login.username,
            kind="given" if options.ssh_host else address.kind,
            via=str(bastions[-1].target) if bastions else str(proxy) if proxy else "",
        )
        pins = HostKeys(options.ssh_host_key_fingerprints, console=console, say=say)
        self._guest = self._hop(self.target, credentials.of_guest(login, options), pins)
        self.bastions, self.proxy = bastions, proxy
        self._route = Route(bastions, proxy, cancel)
        self._tunnels = Tunnels(options, cancel, say)

    def connect(self, timeout_s: float | None = None) -> SshTransport:
        """Try until it works, or ``timeout_s`` (default: what the options say) has passed; 0 is no limit.

        Raises a `ConnectError`, earlier where trying again can't help, and what the cancel token says.
        """
        self._tunnels.listen()
        tries = Tries(self.options, timeout_s)
        while True:
            self.cancel.check()
            began = time.monotonic()
            try:
                return self._attempt(tries)
            except OtherKeyWanted:
                continue
            except ConnectError as error:
                tries.note(error, began)
                if tries.changed:
                    self.say(f"{error.message}; trying again ({tries.elapsed_s:.0f} s)")
            if tries.hopeless:
                raise self._given_up(tries) from None
            self.cancel.sleep(tries.pause_s(time.monotonic() - began))

    def close(self) -> None:
        """End what else belongs to the connection: tunnels and the connections to bastions; never raises."""
        self._tunnels.close()
        self._route.close()

    def _attempt(self, tries: Tries) -> SshTransport:
        """One way through everything up to the login. Raises the classified cause."""
        wire = self._route.reach(self.target, tries)
        transport = self._guest.enter(wire, handshake_s=tries.handshake_s, cancel=self.cancel)
        try:
            self._tunnels.begin(transport)
        except BaseException:
            transport.shut()
            self.cancel.check()
            raise
        transport.settle()
        return transport

    def _bastions(self) -> list[Hop]:
        hops: list[Hop] = []
        stops = jumps(self.options)
        login = credentials.of_bastion(self.options, self.cancel) if stops else Credentials()
        for stop in stops:
            via = str(hops[-1].target) if hops else ""
            pins = HostKeys(
                self.options.ssh_bastion_host_key_fingerprints,
                console=str,
                say=self.say,
                option="ssh_bastion_host_key_fingerprints",
            )
            target = Target(stop.host, stop.port, stop.username, "given", "bastion", via)
            hops.append(self._hop(target, login, pins))
        return hops

    def _hop(self, target: Target, login: Credentials, pins: HostKeys) -> Hop:
        """With keepalives fast enough to tell a quiet command from a dead connection."""
        pace = self.options.ssh_keep_alive_interval
        limit = self.options.ssh_read_write_timeout
        keepalive_s = min(pace, limit / 3) if pace > 0 and limit > 0 else pace
        return Hop(target, login, pins, self._algorithms, keepalive_s=keepalive_s)

    def _given_up(self, tries: Tries) -> ConnectError:
        """The last error; where the guest itself is the cause with the end of its console."""
        hop = tries.error.hop
        error = with_console(tries.error, "" if hop else self._last_words(), tries.facts)
        error.hop = hop
        return error

    def _last_words(self) -> str:
        try:
            return self._console()
        except (Cancelled, BuildTimeout):
            raise
        except ImagesmithError:
            return ""
