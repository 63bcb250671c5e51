"""What kind of archive a file name asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

_ALGORITHMS = {"gz": "gz", "bgzf": "bgzf", "bz2": "bzip2", "bzip2": "bzip2", "lz4": "lz4", "xz": "xz"}
_SHORT = {"tgz": "gz", "tbz": "bzip2", "tbz2": "bzip2", "txz": "xz", "tlz4": "lz4"}
_OTHERS = frozenset({"7z", "br", "lz", "lzma", "lzo", "rar", "z", "zst", "zstd", "tzst"})


@dataclass(frozen=True, slots=True)
class ArchiveType:
    """``archive`` holds several files, ``algorithm`` (of `compressed_stream`) is "" for none.

    ``unsupported`` says why nothing can write this kind; it is empty for all others.
    """

    archive: Literal["tar", "zip", ""]
    algorithm: str = ""
    unsupported: str = ""

    def __str__(self) -> str:
        return ".".join(filter(None, (self.archive, self.algorithm)))


def detect(name: str, form: str = "") -> ArchiveType:
    """What the extensions of a name say; ``form`` counts as the last of them.

    As with Packer a name that says nothing is a tar archive in gzip. Other than with Packer so is none that names
    another kind: ``.bz2`` is bzip2, and what nobody here can write (``.zst``) is refused.
    """
    words = f"{name.rpartition('/')[2]}.{form}".rstrip(".").lower().split(".")
    last, before = words[-1], words[-2] if len(words) > 2 else ""
    if len(words) == 1:
        return ArchiveType("tar", "gz")
    if last in ("tar", "zip"):
        return ArchiveType("tar" if last == "tar" else "zip")
    if last in _ALGORITHMS:
        return ArchiveType("tar" if before == "tar" else "", _ALGORITHMS[last])
    if last in _OTHERS:
        return ArchiveType("", unsupported=f'compress can\'t write "{last}" files')
    return ArchiveType("tar", _SHORT.get(last, "gz"))
