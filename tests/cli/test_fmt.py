"""``fmt``: which files it lays out, what it shows and what it leaves alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine

MESSY = "a=1\nbb = 2 # two\n"
NEAT = "a  = 1\nbb = 2 # two\n"


def test_the_files_of_a_folder_are_laid_out_and_named(imagesmith: CommandLine, tmp_path: Path) -> None:
    for name in ("b.pkr.hcl", "a.pkr.hcl", "c.auto.pkrvars.hcl"):
        imagesmith.write(name, MESSY)
    others = ("neat.pkr.hcl", ".hidden.pkr.hcl", "old.pkr.hcl~", "#edited.pkr.hcl#", "x.hcl", "y.pkr.json")
    for name in others:
        imagesmith.write(name, NEAT if name == "neat.pkr.hcl" else MESSY)
    (tmp_path / "inner").mkdir()
    imagesmith.write("inner/d.pkr.hcl", MESSY)
    done = imagesmith("fmt", ".")
    assert (done.returncode, done.stdout, done.stderr) == (0, "a.pkr.hcl\nb.pkr.hcl\nc.auto.pkrvars.hcl\n", "")
    assert [(tmp_path / name).read_text() for name in ("a.pkr.hcl", "c.auto.pkrvars.hcl")] == [NEAT, NEAT]
    assert {(tmp_path / name).read_text() for name in others[1:]} == {MESSY}
    assert imagesmith("fmt", ".").stdout == ""
    assert imagesmith("fmt", "-recursive", str(tmp_path)).stdout == f"{tmp_path}/inner/d.pkr.hcl\n"
    assert list(tmp_path.glob("**/.*.tmp")) == []


def test_check_writes_nothing_and_exits_with_3(imagesmith: CommandLine, tmp_path: Path) -> None:
    imagesmith.write("a.pkr.hcl", MESSY)
    imagesmith.write("b.pkr.hcl", NEAT)
    done = imagesmith("fmt", "-check", "a.pkr.hcl", "b.pkr.hcl")
    assert (done.returncode, done.stdout) == (3, "a.pkr.hcl\n")
    assert (tmp_path / "a.pkr.hcl").read_text() == MESSY
    assert imagesmith("fmt", "-check", "b.pkr.hcl").returncode == 0
    assert imagesmith("fmt", "-write=false", "a.pkr.hcl").returncode == 0
    assert (tmp_path / "a.pkr.hcl").read_text() == MESSY


def test_the_difference_is_shown_without_a_diff_program(imagesmith: CommandLine) -> None:
    imagesmith.write("a.pkr.hcl", MESSY)
    done = imagesmith("fmt", "-diff", "-write=false", "a.pkr.hcl", PATH="/nowhere")
    expected = "--- old/a.pkr.hcl\n+++ new/a.pkr.hcl\n@@ -1,2 +1,2 @@\n-a=1\n+a  = 1\n bb = 2 # two\n"
    assert done.stdout == f"a.pkr.hcl\n{expected}"


def test_standard_input_is_laid_out_on_standard_output(imagesmith: CommandLine) -> None:
    done = imagesmith("fmt", "-", stdin=MESSY)
    assert (done.returncode, done.stdout) == (0, NEAT)
    done = imagesmith("fmt", "-check", "-", stdin=MESSY)
    assert (done.returncode, done.stdout) == (3, "")
    done = imagesmith("fmt", "-", stdin="a = [\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert "on <stdin>:" in done.stderr


def test_a_file_that_is_wrong_does_not_keep_the_others_from_being_laid_out(imagesmith: CommandLine) -> None:
    imagesmith.write("a.pkr.hcl", MESSY)
    imagesmith.write("b.pkr.hcl", "a=\n")
    imagesmith.write("c.pkr.hcl", MESSY)
    (imagesmith.folder / "d.pkr.hcl").write_bytes(b'a="\xff"\n')
    done = imagesmith("fmt", ".")
    assert (done.returncode, done.stdout) == (1, "a.pkr.hcl\nc.pkr.hcl\n")
    assert "on b.pkr.hcl:1:3\n  1 | a=\n    |   ^\n" in done.stderr
    assert "d.pkr.hcl:1:4" in done.stderr
    assert (imagesmith.folder / "b.pkr.hcl").read_text() == "a=\n"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("web.json", "web.json is JSON"),
        ("web.pkr.json", "web.pkr.json is JSON"),
        ("web.tf", "Names end with .pkr.hcl or .pkrvars.hcl"),
        ("nowhere.pkr.hcl", "there is no file or folder nowhere.pkr.hcl"),
    ],
)
def test_what_is_not_hcl2_is_refused_and_untouched(imagesmith: CommandLine, name: str, message: str) -> None:
    imagesmith.write("a.pkr.hcl", MESSY)
    if "nowhere" not in name:
        imagesmith.write(name, MESSY)
    done = imagesmith("fmt", name, "a.pkr.hcl")
    assert (done.returncode, done.stdout) == (1, "a.pkr.hcl\n")
    assert message in done.stderr
    assert name == "nowhere.pkr.hcl" or (imagesmith.folder / name).read_text() == MESSY


def test_no_path_at_all_is_a_wrong_call(imagesmith: CommandLine) -> None:
    done = imagesmith("fmt")
    assert done.returncode == 2
    assert "no file or folder is given" in done.stderr


def test_a_files_mode_and_a_link_to_it_stay(imagesmith: CommandLine, tmp_path: Path) -> None:
    imagesmith.write("real.pkr.hcl", MESSY)
    (tmp_path / "real.pkr.hcl").chmod(0o640)
    (tmp_path / "link.pkr.hcl").symlink_to("real.pkr.hcl")
    assert imagesmith("fmt", "link.pkr.hcl").stdout == "link.pkr.hcl\n"
    assert (tmp_path / "link.pkr.hcl").readlink() == Path("real.pkr.hcl")
    assert (tmp_path / "real.pkr.hcl").read_text() == NEAT
    assert stat.S_IMODE((tmp_path / "real.pkr.hcl").stat().st_mode) == 0o640


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_that_is_not_writable_is_named(imagesmith: CommandLine, tmp_path: Path) -> None:
    imagesmith.write("a.pkr.hcl", MESSY)
    (tmp_path / "a.pkr.hcl").chmod(0o444)
    done = imagesmith("fmt", "a.pkr.hcl")
    assert (done.returncode, done.stdout) == (1, "")
    assert "a.pkr.hcl can't be written: it is not writable" in done.stderr
    assert (tmp_path / "a.pkr.hcl").read_text() == MESSY


def test_line_ends_stay_as_they_are_and_a_byte_order_mark_goes(imagesmith: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "a.pkr.hcl").write_bytes(b"\xef\xbb\xbfa=1\r\nbb=2 # two\r\n")
    assert imagesmith("fmt", "a.pkr.hcl").stdout == "a.pkr.hcl\n"
    assert (tmp_path / "a.pkr.hcl").read_bytes() == b"a  = 1\r\nbb = 2 # two\r\n"
