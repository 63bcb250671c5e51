"""Many builds in one process, each connected over SSH to a real sshd and waiting for a command that says nothing.

What they cost while they wait is looked at in a child, so that only imagesmith is measured. sshd must be installed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.reporting import title, verdict
from benchmarks.ssh_transfer import free_port, start_sshd

BUILDS = 500
SECONDS = 20
CODE = """
import getpass, json, os, sys, threading, time
from pathlib import Path
from imagesmith import Build, RunSettings, Shell
from imagesmith.builders.null import Null

folder, port, builds, seconds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
failures, ended = [], []

def there():
    return len(os.listdir(folder / "there"))

def build(number):
    script = f"touch {folder}/there/{number}; cat {folder}/end"
    source = Null(
        ssh_host="127.0.0.1", ssh_port=port, ssh_username=getpass.getuser(), ssh_private_key_file=str(folder / "user")
    )
    settings = RunSettings(state_dir=folder / "state" / str(number))
    try:
        Build(source=source, provisioners=[Shell(inline=[script])], settings=settings).run()
        ended.append(number)
    except Exception as error:
        failures.append(error)

began = time.monotonic()
threads = [threading.Thread(target=build, args=(number,)) for number in range(builds)]
for number, thread in enumerate(threads):
    thread.start()
    while number + 1 - there() >= 8 and not failures:
        time.sleep(0.02)
while there() < builds and not failures:
    time.sleep(0.1)
assert not failures, failures[0]
connected = time.monotonic() - began
time.sleep(6)
cpu, clock = time.process_time(), time.monotonic()
time.sleep(seconds)
busy = (time.process_time() - cpu) / (time.monotonic() - clock)
resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
number_of_threads = threading.active_count()
with open(folder / "end", "w"):
    time.sleep(1)
for thread in threads:
    thread.join()
assert not failures and len(ended) == builds, failures[:1]
print(json.dumps([connected, busy * 100, resident, number_of_threads]))
"""


def main(builds: int = BUILDS) -> bool:
    """Print what they cost; returns whether the bounds of a tenth of a core and 1 GiB are kept."""
    title(f"{builds} builds connected over SSH in one process, idle for {SECONDS} s")
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        (folder / "there").mkdir()
        os.mkfifo(folder / "end")
        server = start_sshd(folder, port, "MaxStartups 100")
        try:
            command = [sys.executable, "-c", CODE, name, str(port), str(builds), str(SECONDS)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        finally:
            server.terminate()
            server.wait()
    connected, percent, resident_mib, threads = json.loads(done.stdout.splitlines()[-1])
    print(f"  {connected:.1f} s until all were connected; {threads} threads")
    kept = verdict("processor time, of one core", percent, 10, "%")
    return verdict("memory of the process", resident_mib, 1024, "MiB") and kept
