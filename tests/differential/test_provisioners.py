"""The same shell and file provisioners through Debian's packer 1.6.6 and through us, on a real sshd: same effects.

For every option the machine has to see the same files, modes, environment and commands, and both programs have to
succeed or fail alike. What differs is in `DIFFERENCES`, and each of them has to show: one that is gone fails a test.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from imagesmith.options import Options, table
from imagesmith.provisioners.file import File
from imagesmith.provisioners.shell import Shell
from imagesmith.template.json_schema import legacy
from tests.communicators.ssh.openssh import SSHD
from tests.differential.logged_guest import Case, Outcome, anonymous, play

pytestmark = [
    pytest.mark.packer,
    pytest.mark.skipif(not (shutil.which("packer") and SSHD), reason="packer or sshd is not installed"),
]

AWKWARD = {
    "QUOTES": """it's a "word" and `id`""",
    "DOLLAR": "$HOME ${PATH} $(id) \\n \\",
    "NEWLINES": "one\ntwo\n\nthree",
    "CJK": "密码 パスワード",
    "BLANKS": "  in  and  out  ",
    "EMPTY": "",
}
VARIABLES = [f"{name}={value}" for name, value in AWKWARD.items()]
USUAL = "chmod +x {{.Path}}; {{.Vars}} {{.Path}}"
# Ends the sshd of the script's own connection: the nearest one that it has come from.
CUT = [
    "process=$$",
    "until grep -q '^sshd' /proc/$process/comm; do process=$(sed -n 's/^PPid:\\t//p' /proc/$process/status); done",
    "kill -KILL $process",
]
PASSED_1_S = "echo $(( $(date +%s%N) - $(cat MACHINE/last) > 1000000000 )) >> MACHINE/waited; date +%s%N > MACHINE/last"
RUNS_LONG = ["echo $$ > MACHINE/pid", "exec sleep 60"]


def shell(*inline: str, **options: Any) -> dict[str, Any]:
    return {"type": "shell", **({"inline": list(inline)} if inline else {}), **options}


def written(*inline: str, **options: Any) -> dict[str, Any]:
    """A shell provisioner whose output is in MACHINE/out."""
    if inline:
        return shell("cd MACHINE", "exec >> out 2>&1; echo next", *inline, **options)
    command = options.pop("execute_command", USUAL)
    return shell(execute_command=f"cd MACHINE; {{ {command}; }} >> out 2>&1", **options)


def upload(destination: str, **options: Any) -> dict[str, Any]:
    return {"type": "file", "destination": destination, **options}


def download(source: str, destination: str) -> dict[str, Any]:
    return {"type": "file", "direction": "download", "source": source, "destination": destination}


CASES: Mapping[str, Case] = {
    "environment": Case(
        [
            shell("env -0 | sort -z > MACHINE/env", environment_vars=VARIABLES),
            shell("env -0 | sort -z > MACHINE/env_file", environment_vars=VARIABLES, use_env_var_file=True),
            shell("env -0 | sort -z > MACHINE/env_none"),
            written("echo $X_A", environment_vars=["A=$x"], env_var_format="X_%s='%s' "),
            written(scripts=["s.sh", "second.sh"], environment_vars=["A=it's"]),
            shell(scripts=["s.sh", "second.sh"], environment_vars=["A=file"], use_env_var_file=True),
        ],
        differs=("variables", "files of variables"),
    ),
    "scripts": Case(
        [
            written("echo $-; head -n 1 $0; dirname $0; readlink /proc/self/fd/0 | cut -d: -f1; wc -c"),
            written("echo $-; head -n 1 $0", inline_shebang="/bin/bash -eu"),
            written(script="s.sh"),
            written(script="s.sh", execute_command="sh {{.Path}} | od -c", binary=True),
            written(script="s.sh", execute_command="{{.Vars}} sh -c '. {{.Path}}; echo $0' '{{.ID}}'"),
            written(script="s.sh", remote_path="MACHINE/r.sh", skip_clean=True),
            written("echo $0; test -f $0", remote_folder="MACHINE", remote_file="named.sh"),
            written("echo $0; test -f $0", skip_clean=True),
            written("exit 3", valid_exit_codes=[3]),
            written("kill -KILL $$", valid_exit_codes=[0, 137]),
        ],
    ),
    "disconnect": Case(
        [
            written(*CUT, expect_disconnect=True),
            written(*CUT, valid_exit_codes=[2300218]),
            written("echo connected again"),
        ],
    ),
    "times": Case(
        [
            shell("date +%s%N > MACHINE/last", pause_after="1s"),
            shell(PASSED_1_S),
            shell(PASSED_1_S, "rm MACHINE/last", pause_before="1s"),
            written("test -e failed || { touch failed; exit 1; }", max_retries=2),
            shell("mkdir MACHINE/r.sh", "(sleep 1; rmdir MACHINE/r.sh) > /dev/null 2>&1 &"),
            written("echo could be uploaded", remote_path="MACHINE/r.sh", start_retry_timeout="30s"),
            written("echo in time", timeout="30s"),
            written("exit 1", override={"web": {"inline": ["echo overridden > MACHINE/override"]}}),
            written("exit 1", **{"except": ["web"]}),
            written("echo only web", only=["web"]),
        ],
        differs=("failed scripts", "a folder that is not there"),
    ),
    "files": Case(
        [
            shell("mkdir MACHINE/d MACHINE/e", "umask > MACHINE/umask"),
            upload("MACHINE/", source="tree"),
            upload("MACHINE/d", source="tree/"),
            upload("MACHINE/e/", sources=["s.sh", "own name"]),
            upload("MACHINE/e/with space", source="own name"),
            {"type": "shell-local", "inline": ["echo made > got/made"]},
            upload("MACHINE/made", source="got/made", generated=True),
            upload("MACHINE/made", source="own name", direction="upload"),
            download("MACHINE/d/", "got/contents"),
            download("MACHINE/tre*", "got/matching"),
            download("MACHINE/d/deep/a", "got/folder/"),
            download("MACHINE/d/deep/a", "got/other/name"),
        ],
        differs=("modes behind links", "special bits", "umask"),
    ),
    "sftp": Case(
        [shell("echo sftp > MACHINE/done", environment_vars=["A=b"]), upload("MACHINE/e", source="own name")],
        builder={"ssh_file_transfer_method": "sftp"},
        differs=("variables",),
    ),
    "exit status": Case([written("exit 3")], succeeds=False, differs=("failed scripts",)),
    "exit status of none allowed": Case(
        [written("true", valid_exit_codes=[1, 2])], succeeds=False, differs=("failed scripts",)
    ),
    "second script": Case(
        [shell(scripts=["second.sh", "s.sh"], execute_command="sh {{.Path}} && test -n '$A'")], succeeds=False
    ),
    "kept though it failed": Case([shell("exit 1", skip_clean=True)], succeeds=False, differs=("left",)),
    "connection cut": Case([written(*CUT)], succeeds=False),
    "retries used up": Case([written("exit 4", max_retries=2)], succeeds=False, differs=("failed scripts",)),
    "cleaned up after": Case(
        [shell("exit 1"), shell("touch MACHINE/never")],
        succeeds=False,
        cleanup=shell("touch MACHINE/cleaned"),
        differs=("failed scripts",),
    ),
    "timeout": Case([shell(*RUNS_LONG, timeout="1s")], succeeds=False, differs=("timeout",)),
    "timeout and pause": Case(
        [shell("sleep 1.5", timeout="1s", pause_before="100ms")], succeeds=False, differs=("timeout with pause_before",)
    ),
    "never started": Case(
        [
            shell("mkdir MACHINE/r.sh"),
            shell("true", remote_path="MACHINE/r.sh", start_retry_timeout="1s"),
        ],
        succeeds=False,
        differs=("a folder that is not there",),
    ),
    "no such remote_folder": Case(
        [shell("true", remote_folder="MACHINE/none", start_retry_timeout="1s")],
        succeeds=False,
        differs=("a folder that is not there",),
    ),
    "download of a folder": Case(
        [shell("mkdir MACHINE/d"), download("MACHINE/d", "got/d")],
        succeeds=False,
    ),
    "download of nothing": Case([download("MACHINE/none", "got/d")], succeeds=False),
    "upload of nothing": Case([upload("MACHINE/d", source="none", generated=True)], succeeds=False),
    "upload in place of a folder": Case(
        [shell("mkdir MACHINE/d"), upload("MACHINE/d", source="own name")], succeeds=False
    ),
}

if __name__ == "__main__":
    import sys, tempfile, time
    base=Path(tempfile.mkdtemp())
    t0=time.time()
    names=sys.argv[1:] or list(CASES)
    with ThreadPoolExecutor(4) as pool:
        fs={n: pool.submit(play, CASES[n], base/n.replace(" ","_")) for n in names}
    print("took", time.time()-t0)
    for n,f in fs.items():
        a,b=f.result()
        print("=======",n, CASES[n].succeeds)
        for o in (a,b):
            print(o.succeeded, "left",o.left,"running",o.running)
            for c in o.commands:
                if "imagesmith: ready" in c or c.startswith("scp") or "echo asked" in c: c=c[:20]+"..."
                print("    >",repr(c[:300]))
            if o.succeeded!=CASES[n].succeeds: print(o.said)
        for k in sorted(set(a.files)|set(b.files)):
            x,y=a.files.get(k),b.files.get(k)
            if x!=y: print("  FILE",k,x and oct(x[0]),x and x[1],"|",y and oct(y[0]),y and y[1])
        if len(names)==1: print(a.files)
