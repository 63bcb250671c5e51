"""Streams that compress what is written to them, the same bytes for the same input every time.

No stream writes a time, a name or a host into its header. gzip and its kin, bzip2 and xz come with Python; lz4 needs a
package of its own.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
import zlib
from typing import IO, Any, Protocol

from imagesmith.errors import MissingDependency

DEFAULT_LEVEL = 6
_BLOCK = 0xFF00
_BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


class ByteSink(Protocol):
    """What an archive is written to."""

    def write(self, data: bytes, /) -> Any:
        """Take bytes."""
        ...

    def close(self) -> None:
        """Write what is left, and the trailer; does not close the file below."""
        ...


class Uncompressed:
    """The bytes as they are."""

    def __init__(self, file: IO[bytes]) -> None:
        self.write = file.write

    def close(self) -> None:
        """There is no trailer."""


class BlockedGzip:
    """BGZF: a chain of small gzip members with their length in an extra field, so that readers can jump to each.

    Source: the SAM/BAM format specification, §4.1. Any gzip reader can read it.
    """

    def __init__(self, file: IO[bytes], level: int) -> None:
        self._file, self._level, self._rest = file, level, bytearray()

    def write(self, data: bytes, /) -> None:
        self._rest += data
        while len(self._rest) >= _BLOCK:
            self._put(bytes(self._rest[:_BLOCK]))
            del self._rest[:_BLOCK]

    def close(self) -> None:
        if self._rest:
            self._put(bytes(self._rest))
            self._rest.clear()
        self._file.write(_BGZF_END)

    def _put(self, data: bytes) -> None:
        deflate = zlib.compressobj(self._level, zlib.DEFLATED, -zlib.MAX_WBITS)
        packed = deflate.compress(data) + deflate.flush()
        whole = 18 + len(packed) + 8
        self._file.write(_BGZF_END[:16] + struct.pack("<H", whole - 1) + packed)
        self._file.write(struct.pack("<II", zlib.crc32(data), len(data)))


class _Lz4:
    """One lz4 frame with a checksum of its content."""

    def __init__(self, file: IO[bytes], level: int) -> None:
        try:
            from lz4.frame import LZ4FrameCompressor
        except ModuleNotFoundError as error:
            raise MissingDependency("the package lz4, which writes lz4 files,", "lz4") from error
        self._file = file
        self._frame = LZ4FrameCompressor(compression_level=level, content_checksum=True)
        file.write(self._frame.begin())

    def write(self, data: bytes, /) -> None:
        self._file.write(self._frame.compress(data))

    def close(self) -> None:
        self._file.write(self._frame.flush())


def compressed(file: IO[bytes], algorithm: str, level: int) -> ByteSink:
    """What is written to the result gets to ``file`` compressed; ``algorithm`` is "" for not at all.

    ``level`` is 1 (fast) to 9 (small). Raises `MissingDependency` when lz4 is wanted and not installed.
    """
    match algorithm:
        case "gz":
            return gzip.GzipFile(filename="", mode="wb", compresslevel=level, fileobj=file, mtime=0)
        case "bgzf":
            return BlockedGzip(file, level)
        case "bzip2":
            return bz2.BZ2File(file, "wb", compresslevel=level)
        case "lz4":
            return _Lz4(file, level)
        case "xz":
            return lzma.LZMAFile(file, "wb", preset=level)
    return Uncompressed(file)
