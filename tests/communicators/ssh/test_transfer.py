"""Files and folders both ways, by every method, with awkward names and with everything that can go wrong."""

from __future__ import annotations

import os
import random
import shutil
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from imagesmith.communicator import CommunicatorOptions
from imagesmith.errors import Cancelled, ConnectionLost, TransferError
from imagesmith.waiting import CancelToken
from imagesmith_ssh.remote import SshRemote
from tests.communicators.ssh.openssh import MakeSshd, Opener, Sshd
from tests.effects import shows

NAMES = [
    "plain",
    "with space",
    "quote's",
    'double"quote',
    "$HOME `id` \\ &;|",
    "日本語 ü",
    "-dash",
    "new\nline",
    "star*?[x]",
    "~tilde",
    ".hidden",
    "x" * 200,
]
METHODS = ["tar", "sftp", "scp", "plain"]
TOOLS = ("sh", "mkdir", "chmod", "mv", "rm", "cat")


def content(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def snapshot(folder: Path) -> dict[str, tuple[int, bytes | None]]:
    """Mode and content of everything below a folder, links followed."""
    paths = [Path(top) / name for top, below, files in os.walk(folder, followlinks=True) for name in below + files]
    return {
        str(path.relative_to(folder)): (mode_of(path), path.read_bytes() if path.is_file() else None) for path in paths
    }


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with awkward names, odd sizes, an empty folder and links; no name that scp can't move."""
    root = tmp_path / "the tree"
    deep = root / "a b" / "quote's $x" / "日本"
    deep.mkdir(parents=True)
    (root / "empty").mkdir(mode=0o750)
    for size in (0, 1, 511, 512, 513, 32704, 32705, 200_000):
        (deep / f"size {size}").write_bytes(content(size))
    (root / "-dash").write_bytes(b"dash")
    (root / "run.sh").write_bytes(b"#!/bin/sh\n")
    (root / "run.sh").chmod(0o751)
    (root / "link to file").symlink_to("run.sh")
    (root / "link to folder").symlink_to(deep)
    return root


@pytest.fixture(scope="module")
def guest_with(make_sshd: MakeSshd, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Sshd]:
    """Make a guest that has a few plain commands, these ones, and sftp only if asked for."""

    def make(*more: str, sftp: bool = False) -> Sshd:
        tools = tmp_path_factory.mktemp("tools")
        for name in (*TOOLS, *more):
            (tools / name).symlink_to(shutil.which(name, path="/usr/bin:/bin") or "/missing")
        return make_sshd("" if sftp else "Subsystem sftp /missing", path=str(tools)).start()

    return make


@pytest.fixture(scope="module")
def bare(guest_with: Callable[..., Sshd]) -> Sshd:
    """A guest that has neither tar nor sftp nor scp."""
    return guest_with("base64")


@pytest.fixture(params=METHODS)
def by_method(request: pytest.FixtureRequest, sshd: Sshd, bare: Sshd, opener: Opener) -> SshRemote:
    """A connection that uses one method."""
    if request.param == "plain":
        return opener(bare.port).remote
    if request.param == "tar":
        return opener(sshd.port).remote
    return opener(sshd.port, ssh_file_transfer_method=request.param).remote


def test_bytes_arrive_whole_with_their_mode(by_method: SshRemote, tmp_path: Path) -> None:
    target = tmp_path / "target"
    for size in (1, 32704, 300_001, 0):
        by_method.upload(content(size), str(target), mode=0o640)
        assert target.read_bytes() == content(size)
        assert mode_of(target) == 0o640
        assert names_in(tmp_path) == ["target"]


def test_files_keep_their_mode_and_replace_what_is_there(by_method: SshRemote, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"new")
    source.chmod(0o755)
    target.write_bytes(b"old and longer")
    target.chmod(0o600)
    by_method.upload(source, str(target))
    assert target.read_bytes() == b"new"
    assert mode_of(target) == 0o755


def test_any_name_can_be_written_and_read_back(by_method: SshRemote, tmp_path: Path) -> None:
    for name in NAMES:
        if "\n" in name and by_method.method == "scp":
            with pytest.raises(TransferError, match="line break"):
                by_method.upload(b"x", str(tmp_path / name))
            continue
        folder = tmp_path / f"in {name}"
        folder.mkdir()
        by_method.upload(name.encode(), str(folder / name))
        assert (folder / name).read_bytes() == name.encode()
        by_method.download(str(folder / name), tmp_path / "back")
        assert (tmp_path / "back").read_bytes() == name.encode()


def test_tree_goes_there_and_back(by_method: SshRemote, tree: Path, tmp_path: Path) -> None:
    by_method.upload_tree(tree, str(tmp_path / "there"))
    there = snapshot(tmp_path / "there" / tree.name)
    assert there == snapshot(tree)
    assert not any(path.is_symlink() for path in (tmp_path / "there").rglob("*"))
    by_method.download_tree(str(tmp_path / "there" / tree.name) + "/", tmp_path / "back")
    back = snapshot(tmp_path / "back" / tree.name)
    assert {name: data for name, (_, data) in back.items()} == {name: data for name, (_, data) in there.items()}


def test_contents_only_merges_into_what_is_there(by_method: SshRemote, tmp_path: Path) -> None:
    """Folders that exist keep their mode, links to folders stay links: as in uploading to / of a merged-usr system."""
    source, root = tmp_path / "source", tmp_path / "root"
    (source / "lib" / "deep").mkdir(parents=True)
    (source / "lib" / "deep" / "file").write_bytes(b"x")
    (source / "lib").chmod(0o700)
    (root / "usr" / "lib").mkdir(parents=True)
    (root / "usr" / "lib").chmod(0o755)
    (root / "lib").symlink_to("usr/lib")
    (root / "other").write_bytes(b"stays")
    root.chmod(0o711)
    by_method.upload_tree(source, str(root), contents_only=True)
    assert (root / "usr" / "lib" / "deep" / "file").read_bytes() == b"x"
    assert (root / "lib").is_symlink()
    assert mode_of(root / "usr" / "lib") == 0o755
    assert mode_of(root) == 0o711
    assert (root / "other").exists()


def test_patterns_choose_what_is_downloaded(by_method: SshRemote, tmp_path: Path) -> None:
    logs = tmp_path / "var log"
    for name in ("a.log", "b 2.log", ".hidden.log", "c.txt"):
        (logs / "app").mkdir(parents=True, exist_ok=True)
        (logs / "app" / name).write_text(name)
    by_method.download_tree(f"{logs}/*/[ab]*.log", tmp_path / "got")
    assert snapshot(tmp_path / "got").keys() == {"a.log", "b 2.log"}


def test_refusals_name_the_files_and_say_why(by_method: SshRemote, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for target in (tmp_path / "missing" / "file", tmp_path / "folder"):
        with pytest.raises(TransferError) as caught:
            by_method.upload(b"12345", str(target))
        assert "5 bytes could not be uploaded" in caught.value.message
        assert str(target) in caught.value.message
        assert caught.value.hint
    for source in (tmp_path / "missing", tmp_path / "folder"):
        with pytest.raises(TransferError, match="could not be downloaded") as caught:
            by_method.download(str(source), tmp_path / "got")
        assert str(source) in caught.value.message
    with pytest.raises(TransferError, match="could not be downloaded"):
        by_method.download_tree(str(tmp_path / "nothing*"), tmp_path / "got")
    assert names_in(tmp_path / "folder") == []


def test_full_disk_is_told(remote: SshRemote) -> None:
    with pytest.raises(TransferError, match="No space left on device") as caught:
        remote.upload(content(3_000_000), "/dev/full")
    assert "larger system disk" in caught.value.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_permission_denied_says_to_use_sudo(by_method: SshRemote) -> None:
    with pytest.raises(TransferError) as caught:
        by_method.upload(b"x", "/etc/imagesmith-test")
    assert "sudo" in caught.value.hint


def test_tilde_is_the_guests_home(by_method: SshRemote, sshd: Sshd, bare: Sshd, tmp_path: Path) -> None:
    name = f"in home {tmp_path.name}"
    by_method.upload(b"home", f"~/{name}")
    by_method.download(f"~/{name}", tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == b"home"
    by_method.run(f"rm -f ~/'{name}' '{Path.home()}/{name}'")


def test_file_is_written_through_links_and_into_devices(remote: SshRemote, tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    remote.upload(b"new", str(tmp_path / "link"))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"
    remote.upload(b"gone", "/dev/null")
    assert Path("/dev/null").is_char_device()


def test_failed_upload_leaves_the_old_file_and_no_draft(remote: SshRemote, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "there" / "target"
    target.parent.mkdir()
    target.write_bytes(b"old")
    source.write_bytes(content(100_000))

    class Shrinking(type(source)):  # type: ignore[misc]
        def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
            facts = Path(source).stat(follow_symlinks=follow_symlinks)
            os.truncate(source, 50_000)
            return facts

    with pytest.raises(TransferError, match="become shorter"):
        remote.upload(Shrinking(source), str(target))
    deadline = time.monotonic() + 5
    while len(names_in(target.parent)) > 1 and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    assert names_in(target.parent) == ["target"]
    assert target.read_bytes() == b"old"


def test_what_cannot_be_read_here_is_told(remote: SshRemote, tmp_path: Path) -> None:
    with pytest.raises(TransferError, match="can't be read"):
        remote.upload(tmp_path / "missing", "/tmp/x")
    with pytest.raises(TransferError, match="can't be read"):
        remote.upload_tree(tmp_path / "missing", "/tmp")
    (tmp_path / "broken").symlink_to("nowhere")
    with pytest.raises(TransferError, match="broken can't be read"):
        remote.upload_tree(tmp_path, "/tmp")
    (tmp_path / "broken").unlink()
    (tmp_path / "loop").symlink_to(tmp_path)
    with pytest.raises(TransferError, match="circle"):
        remote.upload_tree(tmp_path, "/tmp")


def test_special_files_are_passed_over_and_said(sshd: Sshd, opener: Opener, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    os.mkfifo(tmp_path / "source" / "fifo")
    (tmp_path / "source" / "file").write_bytes(b"x")
    connection = opener(sshd.port)
    connection.remote.upload_tree(tmp_path / "source", str(tmp_path / "there"))
    assert snapshot(tmp_path / "there" / "source").keys() == {"file"}
    assert any("fifo" in line for line in connection.said)


@pytest.mark.parametrize(
    ("tools", "sftp", "missing"),
    [
        (["tar"], False, set()),
        (["scp", "base64"], True, {"tar"}),
        (["scp", "base64"], False, {"tar", "sftp"}),
        (["base64"], False, {"tar", "sftp", "scp"}),
        (["openssl"], False, {"tar", "sftp", "scp"}),
        ([], False, {"tar", "sftp", "scp"}),
    ],
    ids=["tar", "sftp", "scp", "base64", "openssl", "cat"],
)
def test_next_method_is_used_where_one_is_missing(
    guest_with: Callable[..., Sshd], opener: Opener, tmp_path: Path, tools: list[str], sftp: bool, missing: set[str]
) -> None:
    remote = opener(guest_with(*tools, sftp=sftp).port).remote
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "file").write_bytes(content(100_000))
    remote.upload(content(200_000), str(tmp_path / "single"))
    remote.upload_tree(tmp_path / "source", str(tmp_path / "there"))
    remote.download_tree(str(tmp_path / "there" / "source"), tmp_path / "back")
    assert (tmp_path / "single").read_bytes() == content(200_000)
    assert snapshot(tmp_path / "back" / "source") == snapshot(tmp_path / "source")
    assert remote.missing == missing


@shows(CommunicatorOptions, "ssh_file_transfer_method")
def test_forced_method_is_not_replaced_by_another(bare: Sshd, opener: Opener) -> None:
    for method in ("scp", "sftp"):
        remote = opener(bare.port, ssh_file_transfer_method=method).remote
        with pytest.raises(TransferError, match=f"no {method}") as caught:
            remote.upload(b"x", "/tmp/x")
        assert "ssh_file_transfer_method" in caught.value.hint


def test_login_shell_that_talks_spoils_nothing(make_sshd: MakeSshd, opener: Opener, tmp_path: Path) -> None:
    server = make_sshd('ForceCommand echo "Welcome!"; printf "no line end"; /bin/sh -c "$SSH_ORIGINAL_COMMAND"').start()
    remote = opener(server.port).remote
    (tmp_path / "source" / "sub").mkdir(parents=True)
    (tmp_path / "source" / "sub" / "file").write_bytes(content(100_000))
    remote.upload_tree(tmp_path / "source", str(tmp_path / "there"))
    remote.download_tree(str(tmp_path / "there" / "source"), tmp_path / "back")
    remote.download(str(tmp_path / "there" / "source" / "sub" / "file"), tmp_path / "file")
    assert snapshot(tmp_path / "back" / "source") == snapshot(tmp_path / "source")
    assert (tmp_path / "file").read_bytes() == content(100_000)


def test_new_keys_are_agreed_on_in_the_middle_of_transfers(make_sshd: MakeSshd, opener: Opener, tmp_path: Path) -> None:
    server = make_sshd("RekeyLimit 1M").start()
    remote = opener(server.port).remote
    data = content(12_000_000)
    remote.upload(data, str(tmp_path / "there"))
    assert (tmp_path / "there").read_bytes() == data
    remote.download(str(tmp_path / "there"), tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == data


def test_other_ciphers_work_too(make_sshd: MakeSshd, opener: Opener, tmp_path: Path) -> None:
    server = make_sshd("Ciphers aes256-ctr\nMACs hmac-sha2-256").start()
    remote = opener(server.port).remote
    data = content(3_000_000)
    remote.upload(data, str(tmp_path / "there"))
    assert (tmp_path / "there").read_bytes() == data


def let_go(fifo: Path) -> None:
    """Wake what the server still runs: it waits for somebody to read the other end."""
    os.close(os.open(fifo, os.O_RDONLY | os.O_NONBLOCK))


def test_connection_that_breaks_during_an_upload_is_lost(sshd: Sshd, opener: Opener, tmp_path: Path) -> None:
    remote = opener(sshd.port).remote
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    timer = threading.Timer(0.3, remote.transport().wire.shut)
    timer.start()
    with pytest.raises(ConnectionLost):
        remote.upload(bytes(50_000_000), str(fifo))
    timer.join()
    let_go(fifo)


def test_cancelled_upload_ends_within_a_second_and_leaves_nothing(sshd: Sshd, opener: Opener, tmp_path: Path) -> None:
    cancel = CancelToken()
    remote = opener(sshd.port, cancel=cancel).remote
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    timer = threading.Timer(0.3, cancel.cancel)
    timer.start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        remote.upload(bytes(50_000_000), str(fifo))
    assert time.monotonic() - began < 1.5
    timer.join()
    let_go(fifo)


@pytest.fixture(autouse=True)
def _stay_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever would be written to a relative path shows up in the test's own folder."""
    monkeypatch.chdir(tmp_path)
    return iter(())
