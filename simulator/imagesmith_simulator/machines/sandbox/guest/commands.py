"""Commands that a machine has in place of the host's: to power off and reboot, and what stands in for cloud-init.

They are shell scripts in the machine's lowest layer, so that they can be looked at and replaced like any other.
"""

from __future__ import annotations

import shutil
from pathlib import Path

HALT_SIGNAL, POWER_OFF_SIGNAL, REBOOT_SIGNAL = 37, 38, 39  # SIGRTMIN+3 to +5, as systemd's init understands them

_AS_ROOT = """\
#!/bin/sh
if [ "$(id -u)" != 0 ]; then echo "$(basename "$0"): must be superuser." >&2; exit 1; fi
"""
_SIMPLE = (
    _AS_ROOT
    + """\
for word in "$@"; do
  case "$word" in
    --help) echo "usage: $(basename "$0")"; exit 0 ;;
    -w|--wtmp-only) exit 0 ;;
    -p|--poweroff) set_signal=38 ;;
    --reboot) set_signal=39 ;;
  esac
done
kill "-${{set_signal:-{signal}}}" 1
"""
)
_SHUTDOWN = (
    _AS_ROOT
    + """\
signal=38 when= cancel=
for word in "$@"; do
  case "$word" in
    -r|--reboot|-[hfPk]r) signal=39 ;;
    -H|--halt) signal=37 ;;
    -h|-P|--poweroff|-[fh]*|-t*) ;;
    -c) cancel=1 ;;
    -k) exit 0 ;;
    -*) echo "shutdown: option not known: $word" >&2; exit 1 ;;
    *) [ -n "$when" ] || when=$word ;;
  esac
done
stop_pending() {
  if [ -r /run/shutdown.pid ]; then kill "$(cat /run/shutdown.pid)" 2>/dev/null; rm -f /run/shutdown.pid; fi
}
if [ -n "$cancel" ]; then stop_pending; exit 0; fi
case "${when:-+1}" in
  now|+0|0) kill "-$signal" 1; exit ;;
  +*|[0-9]|[0-9][0-9]) seconds=$(( ${when:-+1} * 60 )) ;;
  [0-9]*:[0-9]*)
    seconds=$(( $(date -d "$when" +%s) - $(date +%s) ))
    [ "$seconds" -ge 0 ] || seconds=$(( seconds + 86400 )) ;;
  *) echo "shutdown: time not understood: $when" >&2; exit 1 ;;
esac
stop_pending
echo "Shutdown scheduled in $seconds seconds, use 'shutdown -c' to cancel."
( trap 'kill "$!"; exit' TERM; sleep "$seconds" & wait && kill "-$signal" 1 ) >/dev/null 2>&1 </dev/null &
echo "$!" >/run/shutdown.pid
"""
)
_INIT = (
    _AS_ROOT
    + """\
case "$1" in
  0) kill -38 1 ;;
  6) kill -39 1 ;;
  *) echo "$(basename "$0"): only the runlevels 0 and 6 are known here" >&2; exit 1 ;;
esac
"""
)
_SYSTEMCTL = """\
#!/bin/sh
for word in "$@"; do
  case "$word" in
    poweroff|halt|reboot) exec "/usr/sbin/$word" ;;
    -*) ;;
    *) break ;;
  esac
done
exec /usr/lib/imagesmith/systemctl "$@"
"""
_CLOUD_INIT = """\
#!/bin/sh
# Stands in for cloud-init: the machine's init reads the user data itself and keeps the records asked about here.
result=/run/cloud-init/result.json
case "$1" in
  status)
    case " $* " in *" --wait "*|*" -w "*) while [ ! -e "$result" ]; do sleep 0.1; done ;; esac
    if [ ! -e "$result" ]; then echo "status: running"; exit 0; fi
    if grep -q '"errors": \\[\\]' "$result"; then echo "status: done"; exit 0; fi
    echo "status: error"; exit 1 ;;
  clean) rm -rf /var/lib/cloud/instance /var/lib/cloud/data/instance-id ;;
  --version|-v) echo "/usr/bin/cloud-init 0 (imagesmith simulator)" ;;
  *) echo "cloud-init: only status, clean and --version are simulated" >&2; exit 2 ;;
esac
"""
_SUDO = """\
#!/bin/sh
# The real sudo needs more than one user id, and this machine has only root's: everybody is root already.
shell=
while :; do
  case "$1" in
    --) shift; break ;;
    -u|-g|-p|-C|-h|-U|--user|--group|--prompt)
      case "$1$2" in -uroot|--userroot|-g*|-p*|-C*|-h*|--group*|--prompt*) shift 2 ;;
      *) echo "sudo: this machine has no user but root" >&2; exit 1 ;; esac ;;
    -i|--login|-s|--shell) shell=1; shift ;;
    -V|--version) echo "sudo of the imagesmith simulator"; exit 0 ;;
    -v|-k|-K|-l) [ $# -gt 1 ] || exit 0; shift ;;
    -*) shift ;;
    *=*) export "$1"; shift ;;
    *) break ;;
  esac
done
export SUDO_USER="${USER:-root}" USER=root LOGNAME=root HOME=/root
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
if [ -n "$shell" ]; then
  if [ $# -gt 0 ]; then exec /bin/sh -c "$*"; else exec /bin/sh; fi
fi
[ $# -gt 0 ] || { echo "usage: sudo command" >&2; exit 1; }
exec "$@"
"""


def install(usr: Path, *, root_alone: bool) -> None:
    """Write the commands into the layer folder that becomes /usr (and are found before the host's)."""
    scripts = {
        "sbin/poweroff": _SIMPLE.format(signal=POWER_OFF_SIGNAL),
        "sbin/halt": _SIMPLE.format(signal=HALT_SIGNAL),
        "sbin/reboot": _SIMPLE.format(signal=REBOOT_SIGNAL),
        "sbin/shutdown": _SHUTDOWN,
        "sbin/init": _INIT,
        "sbin/telinit": _INIT,
        "bin/cloud-init": _CLOUD_INIT,
    }
    if root_alone:
        scripts["bin/sudo"] = _SUDO
    systemctl = Path("/usr/bin/systemctl")
    if systemctl.exists():
        scripts["bin/systemctl"] = _SYSTEMCTL
        (usr / "lib/imagesmith").mkdir(parents=True, exist_ok=True)
        shutil.copy(systemctl, usr / "lib/imagesmith/systemctl")
    for name, text in scripts.items():
        path = usr / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
