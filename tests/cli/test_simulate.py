"""``simulate``, and ``build --simulate``."""

from __future__ import annotations

import re
import signal
import urllib.error
import urllib.request

from imagesmith_simulator.alicloud import SimulatedAlicloud
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
    assert f"export IMAGESMITH_SIMULATE={url}\n" in told
    assert told.endswith("The simulated cloud was empty at the end.\n")


def test_a_simulated_build_tells_what_the_cloud_holds_at_the_end(imagesmith: CommandLine) -> None:
    template = imagesmith.write("t.json", {"builders": [BUILDER]})
    done = imagesmith("build", "--simulate", "-latency=none", "-machines=none", template)
    assert done.returncode == 0, done.stdout
    assert "==> Nothing left behind: " in done.stdout
    assert re.search(r"image m-\S+ in cn-beijing, tagged role=web", done.stdout)
    held = done.stdout.partition("\nThe simulated cloud holds at the end:\n")[2].splitlines()
    assert sorted(line.split()[0] for line in held) == ["image", "snapshot"]


def held(told: str) -> list[str]:
    """The kinds of what a simulated cloud is said to hold at the end."""
    lines = told.partition("\nThe simulated cloud holds at the end:\n")[2].splitlines()
    return sorted(line.split()[0] for line in lines)


def test_the_variable_does_what_the_flag_does_and_says_so(imagesmith: CommandLine) -> None:
    template = imagesmith.write("t.json", {"builders": [BUILDER]})
    done = imagesmith("build", "-latency=none", "-machines=none", template, IMAGESMITH_SIMULATE="1")
    assert done.returncode == 0, done.stdout
    assert "Warning: IMAGESMITH_SIMULATE is set: this is a simulated cloud" in done.stderr
    assert held(done.stdout) == ["image", "snapshot"]


def test_builds_find_a_served_cloud_which_keeps_what_they_have_made(imagesmith: CommandLine) -> None:
    disks = [{"disk_name": "data", "disk_size": 20, "disk_snapshot_id": "s-mine"}]
    mine = {"access_key": "LTAI-mine", "secret_key": "my-secret", "vpc_id": "vpc-mine", "image_disk_mappings": disks}
    template = imagesmith.write("t.json", {"builders": [{**BUILDER, **mine}]})
    with SimulatedAlicloud.start(machines="none") as cloud:
        done = imagesmith("build", template, IMAGESMITH_SIMULATE=f"{cloud.url}/")
        assert done.returncode == 0, done.stdout
        assert held(done.stdout) == ["image", "snapshot", "snapshot"]
        assert cloud.leftovers() == cloud.lost() == []
        assert {call.outcome for call in cloud.calls()} == {"ok"}
        again = imagesmith("build", "-force", template, IMAGESMITH_SIMULATE=cloud.url)
        assert again.returncode == 0, again.stdout
        assert len(cloud.images()) == 1


def test_what_the_variable_may_not_be(imagesmith: CommandLine) -> None:
    template = imagesmith.write("t.json", {"builders": [BUILDER]})

    def refusal(value: str, *flags: str) -> str:
        done = imagesmith("build", *flags, template, IMAGESMITH_SIMULATE=value)
        assert done.returncode == 2, done.stdout
        return done.stdout + done.stderr

    assert 'IMAGESMITH_SIMULATE is "yes please", which is no address' in refusal("yes please")
    assert "on this machine only, not at https://ecs.example.com" in refusal("https://ecs.example.com")
    assert "which is no address" in refusal("http://ecs.example.com")
    assert "no simulated cloud answers at http://127.0.0.1:9" in refusal("http://127.0.0.1:9")
    assert "-latency is for a simulated cloud that is started here" in refusal("http://127.0.0.1:9", "-latency=none")
    assert "-latency is for simulated clouds" in refusal("0", "-latency=none")
    assert "-latency is for simulated clouds" in refusal("1", "-simulate=false", "-latency=none")


def test_a_served_cloud_of_another_kind_is_left_alone(imagesmith: CommandLine) -> None:
    template = imagesmith.write("t.json", {"builders": [BUILDER]})
    with SimulatedAlicloud.start(machines="none") as cloud:
        cloud.name = "another"  # type: ignore[misc]
        done = imagesmith("build", template, IMAGESMITH_SIMULATE=cloud.url)
        assert cloud.calls() == ()
    assert held(done.stdout) == ["image", "snapshot"]
