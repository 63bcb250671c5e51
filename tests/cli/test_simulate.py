"""``simulate``, and ``build --simulate``."""

from __future__ import annotations

import re
import signal
import urllib.error
import urllib.request

from tests.cli.command_line import CommandLine, rest

BUILDER = {
    "type": "alicloud-ecs",
    "region": "cn-beijing",
    "image_name": "web",
    "source_image": "ubuntu_22_04_x64_20G_alibase_20240322.vhd",
    "instance_type": "ecs.g6.large",
    "communicator": "none",
    "tags": {"role": "web"},
}


def test_a_cloud_is_served_until_it_is_told_to_end(imagesmith: CommandLine) -> None:
    process = imagesmith.start("simulate", "alicloud", "--machines=none", "--latency=none", "--rate-limit", "50")
    assert process.stdout
    first = process.stdout.readline()
    (url,) = re.findall(r"^A simulated alicloud listens at (http://127\.0\.0\.1:\d+)\. ", first)
    try:
        with urllib.request.urlopen(f"{url}/?Action=DescribeRegions", timeout=10) as answer:
            status = answer.status
    except urllib.error.HTTPError as refused:
        with refused:
            status = refused.code
    # The cloud's own refusal of a request without a signature.
    assert status == 400
    process.send_signal(signal.SIGTERM)
    told = rest(process)
    assert process.wait(timeout=10) == 0
    assert f"HTTPS_PROXY={url}" in told
    assert "ALICLOUD_ACCESS_KEY=" in told
    assert told.endswith("The simulated cloud was empty at the end.\n")


def test_a_simulated_build_tells_what_the_cloud_holds_at_the_end(imagesmith: CommandLine) -> None:
    template = imagesmith.write("t.json", {"builders": [BUILDER]})
    done = imagesmith("build", "--simulate", "-latency=none", "-machines=none", template)
    assert done.returncode == 0, done.stdout
    assert "==> Nothing left behind: " in done.stdout
    assert re.search(r"image m-\S+ in cn-beijing, tagged role=web", done.stdout)
    held = done.stdout.partition("\nThe simulated cloud holds at the end:\n")[2].splitlines()
    assert sorted(line.split()[0] for line in held) == ["image", "snapshot"]
