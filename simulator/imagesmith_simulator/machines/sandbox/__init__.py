"""Machines made of Linux namespaces over an overlay of the host, with an SSH server of our own in front.

Processes, all of which end with the simulator, however that ends, and leave no file behind:

    simulator ── host ─┬─ keeper of machine 1 ─┬─ namespaces ── init (process 1 in the machine) ── what logins start
                       │                       └─ SSH server (outside, hands sockets and terminals to init)
                       └─ keeper of machine 2 …

What a machine sees: the host's programs (/usr and its like) and package records as the lowest layer of an overlay, the
part of /etc that everybody may read, and else only its own. It has user, mount, process, host name, IPC and network
namespaces. Its network is a loopback of its own: nothing in it can reach the host's services or the internet, so
scripts that download fail there. It may not mount, change kernel settings or make devices, nor set its host name later.

As root the machine's ids are the host's, without power over it. An ordinary user becomes the machine's root; other
users exist where /etc/subuid and newuidmap give them (else every user is another name for root). For an ordinary user
the host's files can be replaced and removed inside but not written into, and folders more than four levels deep in
/usr stay as they are.

A firewall that refuses drops packets: the listener's queue is kept full, so the kernel answers no SYN. It is asked
about peers at 127.0.0.1, where all connections come from unless bound elsewhere; one from another loopback address,
decided otherwise, is accepted and kept silent.
"""

from imagesmith_simulator.machines.sandbox.kind import SandboxKind

__all__ = ["SandboxKind"]
