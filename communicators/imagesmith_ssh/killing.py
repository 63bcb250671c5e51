"""End a remote command and everything it has started.

SSH can ask for a signal to a command's process group, but not every server obeys and children may have left the group.
So a second session of the same connection looks the processes up in /proc: those that the server process of this
connection (the parent of both sessions) has started since the command began, their sessions (setsid) and descendants,
and whatever else carries this connection's SSH_CONNECTION in its environment. Neither the command line nor its
environment has to be altered for that.
"""

from __future__ import annotations

import time

from imagesmith.errors import ConnectionLost, ImagesmithError
from imagesmith.waiting import CancelToken
from imagesmith_ssh import quoting
from imagesmith_ssh.process import Process

_GRACE_S = 1.0
_LIMIT_S = 6.0

# $1: seconds since the command began; $2: how often to look, ten times a second, before TERM becomes KILL.
_SWEEP = r"""
parent=$PPID; me=$$; mark=$SSH_CONNECTION
[ -r /proc/self/stat ] || exit 3
read -r up rest < /proc/uptime
since=$(( (${up%%.*} - $1 - 1) * $(getconf CLK_TCK 2>/dev/null || echo 100) ))
marked() {
  [ -n "$mark" ] && tr '\0' '\n' < "/proc/$1/environ" 2>/dev/null | grep -qxF "SSH_CONNECTION=$mark"
}
look() {
  grown=$found; found=" "; sessions=" "
  for try in 1 2 3; do
    count=$found
    for file in /proc/[0-9]*/stat; do
      read -r line < "$file" 2>/dev/null || continue
      pid=${line%% *}
      set -- ${line##*) }
      [ "$1" = Z ] || [ "$4" = "$me" ] || [ "$pid" = "$parent" ] || [ "$pid" = 1 ] && continue
      case $found in *" $pid "*) continue ;; esac
      case $grown in *" $pid "*) mine=1 ;; *) mine= ;; esac
      [ "${20}" -ge "$since" ] && {
        [ "$2" = "$parent" ] && [ "$parent" != 1 ] && mine=1
        [ -z "$mine" ] && [ "$try" = 1 ] && [ "$2" != 2 ] && marked "$pid" && mine=1
        case $found in *" $2 "*) mine=1 ;; esac
        case $sessions in *" $4 "*) mine=1 ;; esac
      }
      [ -n "$mine" ] && { found="$found$pid "; case $sessions in *" $4 "*) ;; *) sessions="$sessions$4 " ;; esac; }
    done
    [ "$count" = "$found" ] && break
  done
  [ "$found" != " " ]
}
strike() {
  kill -s "$1" $found 2>/dev/null || [ "$(id -u)" = 0 ] || sudo -n kill -s "$1" $found 2>/dev/null
}
pause() { sleep 0.1 2>/dev/null || sleep 1; }
found=" "
look || exit 0
strike TERM
i=0
while [ $i -lt "$2" ]; do pause; look || exit 0; i=$((i + 1)); done
i=0
while [ $i -lt 20 ]; do strike KILL; pause; look || exit 0; i=$((i + 1)); done
echo "$found"
exit 1
"""


def end(process: Process) -> bool:
    """TERM, a second's grace, then KILL; returns whether it is known that nothing is left. Takes a few seconds at most.

    Works though the process's own cancel token is set.
    """
    if not process.transport.is_active():
        return False
    swept = _sweep(process)
    if not swept:
        _signal(process, "TERM")
    _signal(process, "KILL")
    process.close()
    return swept


def _sweep(process: Process) -> bool:
    elapsed = int(time.monotonic() - process.started) + 1
    sweep = quoting.command(_SWEEP, str(elapsed), str(int(_GRACE_S * 10)))
    patience = CancelToken()
    try:
        with Process(process.transport, sweep, patience) as sweeper:
            deadline = time.monotonic() + _LIMIT_S
            while not sweeper.ended and time.monotonic() < deadline:
                sweeper.take()
                process.take()
                sweeper.wait(0.1)
            return sweeper.ended and sweeper.outcome()[0] == 0
    except (ConnectionLost, ImagesmithError):
        return False


def _signal(process: Process, name: str) -> None:
    """Signal the process group and give it the grace period to end."""
    process.send_signal(name)
    deadline = time.monotonic() + _GRACE_S
    while not process.ended and time.monotonic() < deadline:
        process.take()
        process.wait(0.1)
