"""Fifty builds at once in one process: how much memory that process needs."""

from __future__ import annotations

import resource
import subprocess
import sys
import time

from benchmarks.reporting import title, verdict
from imagesmith_simulator.alicloud import SimulatedAlicloud

BUILDS = 50
CODE = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from imagesmith import Build, RunSettings, Shell
from imagesmith_alicloud import AlicloudEcs

url, access_key, secret_key, builds, state = sys.argv[1:]

def build(number):
    source = AlicloudEcs(
        region="cn-hangzhou", access_key=access_key, secret_key=secret_key, custom_endpoint_ecs=url,
        custom_endpoint_vpc=url, image_name=f"parallel-{number}", ssh_username="root",
        source_image="aliyun_3_9_x64_20G_alibase_20231219.vhd", instance_type="ecs.s6-c1m2.large")
    settings = RunSettings(state_dir=Path(state))
    return Build(source=source, provisioners=[Shell(inline=["echo hello"])], settings=settings).run().id

with ThreadPoolExecutor(int(builds)) as pool:
    made = list(pool.map(build, range(int(builds))))
assert len(set(made)) == int(builds)
"""


def main() -> bool:
    """Print it; returns whether the bound of 400 MiB is kept."""
    import tempfile

    title(f"{BUILDS} parallel builds in one process, over SSH")
    cloud = SimulatedAlicloud.start(machines="sandbox", latencies={"instance": 2.0, "snapshot": 2.0, "image": 2.0})
    for kind in cloud.quotas:
        cloud.quotas[kind] = 1000
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as state:
        keys = [cloud.url, cloud.access_key, cloud.secret_key, str(BUILDS), state]
        subprocess.run([sys.executable, "-c", CODE, *keys], check=True)
    seconds = time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    left = cloud.leftovers()
    cloud.close()
    print(f"  {seconds:.1f} s for all of them")
    return verdict("peak memory of the process", peak, 400, "MiB") and not left
