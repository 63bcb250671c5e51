"""Where sandboxes can't work the reason names what to enable."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from imagesmith.errors import ImagesmithError
from imagesmith_simulator.machines.interface import MachineSpec
from imagesmith_simulator.machines.sandbox import SandboxKind, advice
from imagesmith_simulator.machines.sandbox.wire import Channel


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("kernel/unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1"),
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "kernel.apparmor_restrict_unprivileged_userns=0"),
        ("user/max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=15000"),
    ],
)
def test_the_setting_that_forbids_it_is_named(tmp_path: Path, setting: str, value: str, expected: str) -> None:
    (tmp_path / setting).parent.mkdir()
    (tmp_path / setting).write_text(value + "\n")
    text = advice.explain("[Errno 1] Operation not permitted: 'unshare'", "/state", tmp_path)
    assert "Operation not permitted" in text
    assert expected in text


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("[Errno 1] … 'unshare(CLONE_NEWUSER)'", "seccomp"),
        ("[Errno 1] … (mount proc at proc)", "/proc must not be masked"),
        ("[Errno 22] … (mount overlay at work/1/mnt)", "Linux 5.11"),
        ("something else", "something else"),
    ],
)
def test_other_refusals_are_explained(tmp_path: Path, reason: str, expected: str) -> None:
    assert expected in advice.explain(reason, "/state", tmp_path)


def test_a_state_folder_that_cannot_be_used_is_told_and_creating_fails(tmp_path: Path, kind: SandboxKind) -> None:
    (tmp_path / "file").write_text("in the way")
    bad = SandboxKind(tmp_path / "file" / "machines")
    assert "file" in bad.unavailable()
    with pytest.raises(ImagesmithError):
        bad.create(MachineSpec(id="i-1", hostname="x"))
    bad.close()


_FORBIDDEN = """
import sys
from pathlib import Path
from imagesmith_simulator.machines.sandbox import SandboxKind
kind = SandboxKind(Path(sys.argv[1]))
print(kind.unavailable())
kind.close()
"""


def test_a_kernel_that_refuses_is_met_in_earnest(tmp_path: Path, kind: SandboxKind) -> None:
    """In a user namespace that may have no further ones, unshare() really fails."""
    words = ["unshare", "-Ur", "sh", "-c", 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"', "sh"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [*words, sys.executable, "-W", "ignore", "-c", _FORBIDDEN, str(tmp_path / "state")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment,
    )
    if "unshare" in done.stderr:
        pytest.skip(done.stderr)
    assert "sysctl -w user.max_user_namespaces=15000" in done.stdout, (done.stdout, done.stderr)


def test_the_last_words_of_a_process_that_reads_no_more_are_heard() -> None:
    near, far = Channel.pair()
    near.send({"do": "probe"})
    far.send({"failed": "for a reason"})
    far.close()
    assert near.receive() == ({"failed": "for a reason"}, [])
    assert near.receive() is None
    near.close()
