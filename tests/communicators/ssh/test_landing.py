"""A guest can't write outside the download folder, whatever names it sends."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from imagesmith.errors import TransferError
from imagesmith.ways_in.landing import Landing


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "..", "", "/", "a\0b", "./.."])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    with (
        Landing(tmp_path / "in") as landing,
        pytest.raises(TransferError, match="leads out"),
        landing.file(name, 0o644),
    ):
        pass
    assert list(tmp_path.rglob("*")) == [tmp_path / "in"]


def test_absolute_names_land_below_the_folder(tmp_path: Path) -> None:
    with Landing(tmp_path / "in") as landing, landing.file("/etc/passwd", 0o600) as file:
        file.write(b"x")
    assert (tmp_path / "in" / "etc" / "passwd").read_bytes() == b"x"


def test_links_in_the_folder_are_not_followed_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "out").symlink_to(tmp_path)
    with Landing(tmp_path / "in") as landing:
        with pytest.raises(TransferError, match="symbolic link"), landing.file("out/evil", 0o644):
            pass
        with landing.file("out", 0o644) as file:
            file.write(b"replaced")
    assert (tmp_path / "in" / "out").read_bytes() == b"replaced"
    assert not (tmp_path / "evil").exists()


def test_setuid_bits_do_not_come_along(tmp_path: Path) -> None:
    with Landing(tmp_path) as landing, landing.file("file", 0o4755) as file:
        file.write(b"x")
    assert (tmp_path / "file").stat().st_mode & 0o7777 == 0o755


def test_broken_download_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with suppress(RuntimeError), Landing(tmp_path) as landing, landing.file("file", 0o644) as file:
        file.write(b"half")
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"


def test_folder_modes_are_set_last(tmp_path: Path) -> None:
    with Landing(tmp_path) as landing:
        landing.folder("closed", 0o500)
        with landing.file("closed/file", 0o444) as file:
            file.write(b"x")
    assert (tmp_path / "closed").stat().st_mode & 0o777 == 0o700
