"""End a remote command and everything it has started.

SSH can ask for a signal to a command's process group, but not every server obeys and children may have left the group.
So a second session of the same connection looks the processes up in /proc: those that the server process of this
connection (the parent of both sessions) has started since the command began, their sessions (setsid) and descendants,
and whatever else carries this connection's SSH_CONNECTION in its environment. Neither the command line nor its
environment has to be altered for that.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from imagesmith.errors import ImagesmithError
from imagesmith.waiting import CancelToken
from imagesmith.ways_in import quoting
from imagesmith_ssh.process import Process

_LOOKS = 5
_GRACE_S = 1.0
_LIMIT_S = 6.0
_PAUSE_S = 0.1
_SLACK_S = 3

# $1: seconds since the command began; $2: how many looks, a tenth of a second apart, before TERM becomes KILL.
# Fields of /proc/PID/stat after the name: 1 state, 2 parent, 4 session, 20 start in clock ticks. Processes older than
# the command are spared, so that what earlier commands have left running goes on.
_SWEEP = r"""
parent=$PPID; me=$$; mark=$SSH_CONNECTION
[ -r /proc/self/stat ] || exit 3
own=$(read -r line < "/proc/$me/stat"; set -- ${line##*) }; echo "$4")
read -r up rest < /proc/uptime
since=$(( (${up%%.*} - $1) * $(getconf CLK_TCK 2>/dev/null || echo 100) ))
looks=$2; oldest=
for file in /proc/[0-9]*/stat; do
  read -r line < "$file" 2>/dev/null || continue
  pid=${line%% *}
  set -- ${line##*) }
  [ "$2" = "$parent" ] && [ "$pid" != "$me" ] && [ "$parent" != 1 ] && [ "${20}" -ge "$since" ] || continue
  [ -n "$oldest" ] && [ "$oldest" -le "${20}" ] || oldest=${20}
done
since=${oldest:-$since}
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
      [ "$1" = Z ] || [ "$4" = "$own" ] || [ "$pid" = "$parent" ] || [ "${20}" -lt "$since" ] && continue
      case $found in *" $pid "*) continue ;; esac
      case $grown in *" $pid "*) mine=1 ;; *) mine= ;; esac
      [ "$2" = "$parent" ] && [ "$parent" != 1 ] && mine=1
      case $found in *" $2 "*) mine=1 ;; esac
      case $sessions in *" $4 "*) mine=1 ;; esac
      [ -z "$mine" ] && [ $try = 1 ] && [ "$2" != 2 ] && marked "$pid" && mine=1
      [ -n "$mine" ] && { found="$found$pid "; sessions="$sessions$4 "; }
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
while [ "$looks" -gt 0 ]; do pause; look || exit 0; looks=$((looks - 1)); done
looks=15
while [ $looks -gt 0 ]; do strike KILL; pause; look || exit 0; looks=$((looks - 1)); done
exit 1
"""


Take = Callable[[bytes, bytes], None]
"""Gets what the command prints while it is being ended, standard output and standard error."""


def end(process: Process, take: Take) -> bool:
    """TERM, about a second's grace, then KILL; returns whether it is known that nothing is left.

    Takes a few seconds at most. Works though the process's own cancel token is set.
    """
    if not process.transport.is_active():
        return False
    swept = _sweep(process, take)
    if not swept:
        _signal(process, "TERM", take)
        _signal(process, "KILL", take)
    process.close()
    take(*process.take())
    return swept


def _sweep(process: Process, take: Take) -> bool:
    elapsed = int(time.monotonic() - process.started) + _SLACK_S
    sweep = quoting.command(_SWEEP, str(elapsed), str(_LOOKS))
    try:
        with Process(process.transport, sweep, CancelToken()) as sweeper:
            deadline = time.monotonic() + _LIMIT_S
            while not sweeper.ended and time.monotonic() < deadline:
                sweeper.take()
                take(*process.take())
                sweeper.wait(_PAUSE_S)
            return sweeper.ended and sweeper.outcome()[0] == 0
    except ImagesmithError:
        return False


def _signal(process: Process, name: str, take: Take) -> None:
    """Signal the process group and give it the grace period to end."""
    process.send_signal(name)
    deadline = time.monotonic() + _GRACE_S
    while not process.ended and time.monotonic() < deadline:
        take(*process.take())
        process.wait(_PAUSE_S)
