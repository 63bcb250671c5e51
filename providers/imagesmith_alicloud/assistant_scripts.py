"""The shell scripts by which commands run under Cloud Assistant.

Its output is cut off, comes late and mixes both streams. So a command writes into two files; its wrapper prints both at
the end where they are short, and readers fetch what is longer, or what there is so far, in pieces.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from imagesmith_alicloud.assistant_calls import SAFE_OUTPUT

_HEADER = re.compile(rb"imagesmith (running|over|lost|more) (\d+) (\d+) (\d+)\n")

# $1: the spool folder; $2: the command; $3: the files that are its standard input; $4: how much output may be printed.
# An agent is started with next to no environment. What belongs to the boot is lost with it, so the boot is noted.
_RUN = r"""
umask 077
mkdir "$1" || exit 125
USER=${USER:-$(id -un)}; LOGNAME=$USER
[ -n "$HOME" ] || eval "HOME=~$USER"
export USER LOGNAME HOME
cd "$HOME" 2>/dev/null || cd /
{ echo "$$"; cat /proc/sys/kernel/random/boot_id 2>/dev/null; } > "$1/pid"
: > "$1/1"; : > "$1/2"
[ -z "$3" ] || { cat $3 > "$1/0"; rm -f $3; }
[ -n "$3" ] && input=$1/0 || input=/dev/null
(umask 022; exec /bin/sh -c "$2") < "$input" >> "$1/1" 2>> "$1/2"
status=$?
echo "$status" > "$1/status.new"; mv "$1/status.new" "$1/status"
out=$(($(wc -c < "$1/1"))); err=$(($(wc -c < "$1/2")))
if [ $((out + err)) -le "$4" ]; then
  echo "imagesmith over $status $out $err"
  head -c "$out" "$1/1"; head -c "$err" "$1/2"
  rm -rf "$1"
else
  echo "imagesmith more $status 0 0"
fi
exit "$status"
"""

# $1: the spool folder; $2 and $3: how much of each stream is known; $4: how much of each may be printed.
_READ = r"""
[ -f "$1/2" ] || { echo "imagesmith lost 0 0 0"; exit; }
status=0
if [ -f "$1/status" ]; then state=over; read -r status < "$1/status"
else
  state=lost
  { read -r pid; read -r boot; } < "$1/pid"
  [ "$boot" = "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)" ] && kill -0 "$pid" 2>/dev/null && state=running
fi
out=$(($(wc -c < "$1/1") - $2)); err=$(($(wc -c < "$1/2") - $3))
[ "$out" -le "$4" ] || { out=$4; [ $state = running ] || state=more; }
[ "$err" -le "$4" ] || { err=$4; [ $state = running ] || state=more; }
echo "imagesmith $state $status $out $err"
tail -c "+$(($2 + 1))" "$1/1" | head -c "$out"
tail -c "+$(($3 + 1))" "$1/2" | head -c "$err"
"""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a wrapper or a reader said: the state, the exit status, and a piece of each stream."""

    state: str
    status: int
    out: bytes
    err: bytes


def wrapper(spool: str, command: str, stdin: list[str]) -> str:
    """The script that runs a command; ``stdin`` are files of the guest's, which are removed."""
    return _with(_RUN, spool, command, " ".join(stdin), str(SAFE_OUTPUT))


def reader(spool: str, known: tuple[int, int]) -> str:
    """The script that tells how a command is doing, and what it has written since."""
    return _with(_READ, spool, *map(str, known), str(SAFE_OUTPUT // 2))


def understand(output: bytes) -> Heard | None:
    """What a script printed; None where it did not get so far."""
    found = _HEADER.match(output)
    if not found:
        return None
    status, out, err = (int(number) for number in found.groups()[1:])
    body = output[found.end() :]
    if len(body) < out + err:
        return None
    return Heard(found[1].decode(), status, body[:out], body[out : out + err])


def _with(script: str, *words: str) -> str:
    return f"set -- {' '.join(map(shlex.quote, words))}\n{script.lstrip()}"
