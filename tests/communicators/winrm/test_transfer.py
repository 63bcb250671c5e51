"""Files and folders over WinRM: one stream, checked, resumed after a cut; chunks where PowerShell is constrained."""

from __future__ import annotations

import os
import random
import threading
from pathlib import Path

import pytest

from imagesmith.errors import BuildTimeout, Cancelled, TransferError
from imagesmith.provisioners.timed_remote import timed
from imagesmith.waiting import CancelToken
from imagesmith_winrm.remote import WinrmRemote
from tests.communicators.winrm.conftest import Guest, Opener
from tests.communicators.winrm.relay import Relay, relay

MIB = 1024 * 1024


def content(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def drafts(guest: Guest) -> list[str]:
    """What uploads have left behind."""
    return [path for path in guest.paths() if "imagesmith-" in path.lower()]


@pytest.mark.parametrize("size", [0, 1, 3, 49152, 49153, 500_000])
def test_upload_of_bytes(remote: WinrmRemote, guest: Guest, size: int) -> None:
    remote.upload(content(size), f"C:/made here/{size}.bin")
    assert guest.read(f"C:\\made here\\{size}.bin") == content(size)
    assert not drafts(guest)


def test_upload_of_a_local_file_to_a_place_with_variables(remote: WinrmRemote, guest: Guest, tmp_path: Path) -> None:
    local = tmp_path / "local.txt"
    local.write_bytes(b"\r\n\x00\x1a\x03 \xff text")
    remote.upload(local, "%TEMP%\\it's \u2018quoted\u2019 & größe.txt")
    found = [path for path in guest.paths() if path.endswith("größe.txt")]
    assert found[0].lower().startswith("c:\\users\\administrator\\appdata\\local\\temp\\")
    assert guest.read(found[0]) == local.read_bytes()


def test_upload_replaces_a_file(remote: WinrmRemote, guest: Guest) -> None:
    remote.upload(b"a longer text than the next", "C:/replaced.txt")
    remote.upload(b"short", "C:/replaced.txt")
    assert guest.read("C:\\replaced.txt") == b"short"


def test_upload_to_a_folder_says_so(remote: WinrmRemote, guest: Guest) -> None:
    guest.windows.disk.make_folder("C:\\folder here")
    with pytest.raises(TransferError, match="is a directory") as caught:
        remote.upload(content(MIB), "C:/folder here")
    assert "end the path with /" in caught.value.hint
    assert not drafts(guest)


def test_local_file_that_is_missing(remote: WinrmRemote, tmp_path: Path) -> None:
    with pytest.raises(TransferError, match=r"nothing\.txt can't be read"):
        remote.upload(tmp_path / "nothing.txt", "C:/x.txt")


def test_upload_of_a_megabyte_takes_few_requests(through: Relay, opener: Opener, guest: Guest) -> None:
    remote = opener("127.0.0.1", through.port).remote
    remote.upload(b"first", "C:/warm.bin")
    through.forget()
    remote.upload(content(MIB), "C:/megabyte.bin")
    assert guest.read("C:\\megabyte.bin") == content(MIB)
    assert through.requests < 25
    assert through.sent < 2.4 * MIB


def test_upload_goes_on_after_a_cut(through: Relay, opener: Opener, guest: Guest) -> None:
    connection = opener("127.0.0.1", through.port)
    connection.remote.upload(b"first", "C:/warm.bin")
    through.forget()
    connection.remote.upload(content(2 * MIB), "C:/uncut.bin")
    uncut = through.sent
    through.forget()
    through.cut_at = uncut // 2
    connection.remote.upload(content(2 * MIB), "C:/cut.bin")
    assert guest.read("C:\\cut.bin") == content(2 * MIB)
    assert through.sent < 1.6 * uncut
    assert "going on after" in connection.said[-1]
    assert not drafts(guest)


def test_damaged_draft_is_sent_again(remote: WinrmRemote, guest: Guest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagesmith_winrm.upload._token", lambda: "imagesmith-0123456789abcdef")
    guest.write("C:\\checked.bin.imagesmith-0123456789abcdef", b"rubbish")
    remote.upload(b"right", "C:/checked.bin")
    assert guest.read("C:\\checked.bin") == b"right"


def make_tree(root: Path) -> dict[str, bytes]:
    files = {
        "a.txt": b"a",
        "empty.bin": b"",
        "deep/er/still/b.bin": content(70_000),
        "with space/größe ü.txt": "ü".encode(),
    }
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (root / "no files").mkdir()
    (root / "link.txt").symlink_to("a.txt")
    return {**files, "link.txt": b"a"}


def test_upload_of_a_tree(remote: WinrmRemote, guest: Guest, tmp_path: Path) -> None:
    files = make_tree(tmp_path / "tree")
    remote.upload_tree(tmp_path / "tree", "C:/trees/")
    for name, data in files.items():
        assert guest.read("C:\\trees\\tree\\" + name.replace("/", "\\")) == data
    assert guest.windows.disk.is_folder("C:\\trees\\tree\\no files")
    assert not drafts(guest)


def test_upload_of_what_is_in_a_tree_over_what_is_there(remote: WinrmRemote, guest: Guest, tmp_path: Path) -> None:
    make_tree(tmp_path / "tree")
    guest.write("C:\\contents\\a.txt", b"older and longer")
    remote.upload_tree(tmp_path / "tree", "C:/contents", contents_only=True)
    assert guest.read("C:\\contents\\a.txt") == b"a"


def test_tree_of_many_small_files_takes_few_requests(
    through: Relay, opener: Opener, guest: Guest, tmp_path: Path
) -> None:
    for number in range(500):
        (tmp_path / "many").mkdir(exist_ok=True)
        (tmp_path / "many" / f"{number}.txt").write_text(f"file {number}")
    remote = opener("127.0.0.1", through.port).remote
    through.forget()
    remote.upload_tree(tmp_path / "many", "C:/")
    assert guest.read("C:\\many\\499.txt") == b"file 499"
    assert through.requests <= 10


@pytest.mark.parametrize("name", ["a:b", "what?", "back\\slash", "dot.", "line\nbreak"])
def test_name_that_windows_can_not_have(remote: WinrmRemote, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x")
    with pytest.raises(TransferError, match="Windows allows no such name"):
        remote.upload_tree(tmp_path, "C:/names")


def test_names_that_windows_takes_for_the_same(remote: WinrmRemote, tmp_path: Path) -> None:
    (tmp_path / "README").write_text("1")
    (tmp_path / "readme").write_text("2")
    with pytest.raises(TransferError, match="the same name"):
        remote.upload_tree(tmp_path, "C:/names")


@pytest.mark.parametrize("size", [0, 1, 49152, 700_000])
def test_download(remote: WinrmRemote, guest: Guest, tmp_path: Path, size: int) -> None:
    guest.write("C:\\from there\\data.bin", content(size))
    remote.download("C:/from there/data.bin", tmp_path / "new" / "data.bin")
    assert (tmp_path / "new" / "data.bin").read_bytes() == content(size)


def test_download_goes_on_after_a_cut(through: Relay, opener: Opener, guest: Guest, tmp_path: Path) -> None:
    guest.write("C:\\large.bin", content(2 * MIB))
    connection = opener("127.0.0.1", through.port)
    through.forget()
    through.cut_answers_at = MIB
    connection.remote.download("C:/large.bin", tmp_path / "large.bin")
    assert (tmp_path / "large.bin").read_bytes() == content(2 * MIB)
    assert "going on after" in connection.said[-1]
    assert through.received < 5.2 * MIB


def test_download_of_what_is_not_there(remote: WinrmRemote, tmp_path: Path) -> None:
    with pytest.raises(TransferError, match="could not be downloaded") as caught:
        remote.download("C:/nothing.txt", tmp_path / "x")
    assert "must exist" in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_download_of_a_tree(remote: WinrmRemote, guest: Guest, tmp_path: Path) -> None:
    files = make_tree(tmp_path / "tree")
    remote.upload_tree(tmp_path / "tree", "C:/down")
    remote.download_tree("C:/down/tree/", tmp_path / "back")
    for name, data in files.items():
        assert (tmp_path / "back" / "tree" / name).read_bytes() == data
    assert (tmp_path / "back" / "tree" / "no files").is_dir()
    assert not drafts(guest)


def test_download_of_what_matches(remote: WinrmRemote, guest: Guest, tmp_path: Path) -> None:
    for name in ("one.log", "two.log", "three.txt"):
        guest.write(f"C:\\logs\\{name}", name.encode())
    remote.download_tree("C:/logs/*.log", tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"one.log", "two.log"}


def test_download_of_no_match(remote: WinrmRemote, tmp_path: Path) -> None:
    with pytest.raises(TransferError, match="no file or folder is named"):
        remote.download_tree("C:/logs/*.none", tmp_path)


def test_cancelled_upload_ends_the_receiver(through: Relay, opener: Opener, guest: Guest) -> None:
    connection = opener("127.0.0.1", through.port)
    connection.remote.upload(b"first", "C:/warm.bin")
    through.forget()
    through.delay_s = 0.02

    def when_some_has_gone() -> None:
        while through.sent < 200_000:
            threading.Event().wait(0.01)
        connection.cancel.cancel()

    watcher = threading.Thread(target=when_some_has_gone)
    watcher.start()
    with pytest.raises(Cancelled):
        connection.remote.upload(content(8 * MIB), "C:/never.bin")
    watcher.join()
    assert not [path for path in guest.paths() if path.lower().endswith("never.bin")]
    guest.await_idle()


def test_transfer_that_another_thread_breaks_off_does_not_go_on(through: Relay, opener: Opener, guest: Guest) -> None:
    """As a provisioner's time limit does (`imagesmith.provisioners.timed_remote`)."""
    connection = opener("127.0.0.1", through.port)
    connection.remote.upload(b"first", "C:/warm.bin")
    through.forget()
    through.delay_s = 0.02
    token = CancelToken()
    timer = threading.Timer(0.8, token.time_out, ["too slow"])
    timer.start()
    with pytest.raises(BuildTimeout, match="too slow"):
        timed(connection.remote, token).upload(content(16 * MIB), "C:/never.bin")
    timer.join()
    through.delay_s = 0.0
    assert connection.remote.run("echo goes on").stdout == "goes on\r\n"
    threading.Event().wait(0.5)
    assert connection.remote.run("ver").exit_status == 0
    assert "c:\\never.bin" not in [path.lower() for path in guest.paths()]
    assert not drafts(guest)


@pytest.fixture
def constrained(own_guest: Guest) -> Guest:
    """A machine whose PowerShell may call no methods."""
    own_guest.constrain()
    return own_guest


@pytest.mark.parametrize("size", [0, 1, 4096, 150_000])
def test_upload_where_powershell_is_constrained(constrained: Guest, opener: Opener, size: int) -> None:
    connection = opener(constrained.host)
    connection.remote.upload(content(size), "C:/made/here.bin")
    assert constrained.read("C:\\made\\here.bin") == content(size)
    assert "constrained" in connection.said[-1]
    assert not drafts(constrained)


def test_cut_where_powershell_is_constrained(constrained: Guest, opener: Opener) -> None:
    with relay(constrained.host, 5985) as through:
        connection = opener("127.0.0.1", through.port)
        connection.remote.upload(b"first", "C:/made/warm.bin")
        through.cut_at = through.sent + 400_000
        connection.remote.upload(content(200_000), "C:/made/cut.bin")
        assert constrained.read("C:\\made\\cut.bin") == content(200_000)
        assert through.cuts == 1
        connection.remote.close()


def test_trees_and_downloads_where_powershell_is_constrained(
    constrained: Guest, opener: Opener, tmp_path: Path
) -> None:
    files = make_tree(tmp_path / "tree")
    remote = opener(constrained.host).remote
    remote.upload_tree(tmp_path / "tree", "C:/slow")
    for name, data in files.items():
        assert constrained.read("C:\\slow\\tree\\" + name.replace("/", "\\")) == data
    remote.download("C:/slow/tree/deep/er/still/b.bin", tmp_path / "b.bin")
    assert (tmp_path / "b.bin").read_bytes() == files["deep/er/still/b.bin"]
    with pytest.raises(TransferError, match="constrained"):
        remote.download_tree("C:/slow/tree", tmp_path / "back")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_what_is_neither_file_nor_folder_is_told(opener: Opener, guest: Guest, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    connection = opener(guest.host)
    connection.remote.upload_tree(tmp_path, "C:/pipes")
    assert "is not uploaded" in connection.said[0]
