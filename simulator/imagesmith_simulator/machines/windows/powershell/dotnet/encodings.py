"""Text encodings."""

from __future__ import annotations

from typing import Any

from imagesmith_simulator.machines.windows.powershell.values import DotNet, text, whole


class Encoding(DotNet):
    """One encoding; ``mark`` is the byte order mark that files in it begin with."""

    def __init__(self, codec: str, web_name: str, mark: bytes = b"") -> None:
        self.codec = codec
        self.web_name = web_name
        self.mark = mark
        self.type = f"System.Text.{web_name}Encoding"

    def encode(self, value: str) -> bytes:
        """A text's bytes."""
        return value.encode(self.codec, errors="replace")

    def decode(self, data: bytes) -> str:
        """The text of bytes."""
        return data.decode(self.codec, errors="replace")

    def do_getbytes(self, value: Any) -> bytearray:
        """A text's bytes."""
        return bytearray(self.encode(text(value)))

    def do_getstring(self, data: Any, start: Any = 0, count: Any = None) -> str:
        """The text of bytes."""
        whole_data = bytes(data)
        end = len(whole_data) if count is None else whole(start) + whole(count)
        return self.decode(whole_data[whole(start) : end])

    def do_getbytecount(self, value: Any) -> int:
        """How many bytes a text takes."""
        return len(self.encode(text(value)))

    def do_getpreamble(self) -> bytearray:
        """The byte order mark."""
        return bytearray(self.mark)

    def get_webname(self) -> str:
        """Its name."""
        return self.web_name


UTF8 = Encoding("utf-8", "utf-8", b"\xef\xbb\xbf")
UTF8_PLAIN = Encoding("utf-8", "utf-8")
UNICODE = Encoding("utf-16-le", "utf-16", b"\xff\xfe")
BIG_ENDIAN = Encoding("utf-16-be", "utf-16BE", b"\xfe\xff")
ASCII = Encoding("ascii", "us-ascii")
ANSI = Encoding("cp1252", "Windows-1252")
_BY_NAME = {
    "utf8": UTF8,
    "utf-8": UTF8,
    "unicode": UNICODE,
    "utf-16": UNICODE,
    "bigendianunicode": BIG_ENDIAN,
    "ascii": ASCII,
    "us-ascii": ASCII,
    "default": ANSI,
    "oem": ANSI,
    "string": UNICODE,
}


def encoding_of(value: Any, default: Encoding = UTF8_PLAIN) -> Encoding:
    """An encoding from what a script names it by. Raises ValueError."""
    if value is None:
        return default
    if isinstance(value, Encoding):
        return value
    found = _BY_NAME.get(text(value).lower())
    if found is None:
        raise ValueError(f"'{text(value)}' is not a supported encoding name.")
    return found
