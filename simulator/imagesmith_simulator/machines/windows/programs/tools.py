"""Small tools: timeout, ping, find, findstr, sort, more, chcp, attrib, certutil."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import TYPE_CHECKING

from imagesmith_simulator.machines.windows.disk import DiskError, absolute
from imagesmith_simulator.machines.windows.files import decode, message
from imagesmith_simulator.machines.windows.programs import Program, fail, write_line

if TYPE_CHECKING:
    from imagesmith_simulator.machines.windows.processes import Context
    from imagesmith_simulator.machines.windows.windows import Windows


def _timeout(windows: Windows, arguments: list[str], context: Context, raw: str) -> int:
    """``timeout [/t] SECONDS [/nobreak]``; refuses where input is no console, as over WinRM it is."""
    return fail(context, "ERROR: Input redirection is not supported, exiting the process immediately.")


def _ping(windows: Windows, arguments: list[str], context: Context, raw: str) -> int:
    """``ping [-n COUNT] 127.0.0.1``: the usual way to wait in batch files, a second between two."""
    words = [argument.lower().replace("/", "-") for argument in arguments]
    count = int(words[words.index("-n") + 1]) if "-n" in words[:-1] else 4
    if not any(word in ("127.0.0.1", "localhost", "::1") for word in words):
        return fail(context, "Ping request could not find host. Please check the name and try again.")
    write_line(context, "\r\nPinging 127.0.0.1 with 32 bytes of data:")
    for number in range(count):
        if number:
            context.sleep(1)
        write_line(context, "Reply from 127.0.0.1: bytes=32 time<1ms TTL=128")
    return 0


def read_all(context: Context) -> bytes:
    """The whole input."""
    data = bytearray()
    while part := context.stdin.read(65536):
        data += part
    return bytes(data)


def _lines(windows: Windows, paths: list[str], context: Context) -> list[str]:
    if not paths:
        return decode(read_all(context)).splitlines()
    return [
        line
        for path in paths
        for line in decode(bytes(windows.disk.file(absolute(path, context.cwd)).data)).splitlines()
    ]


def _findstr(windows: Windows, arguments: list[str], context: Context, raw: str) -> int:
    """``findstr [/i] [/v] [/r] [/c:TEXT] TEXT [FILES]``; without /r or special characters the text is literal."""
    switches = [argument for argument in arguments if argument.startswith("/")]
    rest = [argument for argument in arguments if not argument.startswith("/")]
    lowered = {switch.lower() for switch in switches}
    literal = [switch[3:] for switch in switches if switch.lower().startswith("/c:")]
    patterns = literal or (rest.pop(0).split(" ") if rest else [])
    regular = not literal or "/r" in lowered
    expressions = [pattern if regular else re.escape(pattern) for pattern in patterns]
    return _filter(windows, expressions, rest, lowered, context)


def _filter(windows: Windows, expressions: list[str], paths: list[str], switches: set[str], context: Context) -> int:
    flags = re.IGNORECASE if "/i" in switches else 0
    try:
        compiled = [re.compile(text, flags) for text in expressions]
        lines = _lines(windows, paths, context)
    except re.error as error:
        return fail(context, f"FINDSTR: {error}", 2)
    except DiskError as error:
        return fail(context, f"FINDSTR: Cannot open {paths[0]}\r\n{message(error)}")
    found = [line for line in lines if any(item.search(line) for item in compiled) != ("/v" in switches)]
    for line in found:
        write_line(context, line)
    return 0 if found else 1


def _find(windows: Windows, arguments: list[str], context: Context, raw: str) -> int:
    """``find [/i] [/v] "TEXT" [FILES]``."""
    switches = {argument.lower() for argument in arguments if argument.startswith("/")}
    rest = [argument for argument in arguments if not argument.startswith("/")]
    if not rest:
        return fail(context, "FIND: Parameter format not correct", 2)
    return _filter(windows, [re.escape(rest[0])], rest[1:], switches, context)


def _sort(windows: Windows, arguments: list[str], context: Context, raw: str) -> int:
    for line in sorted(_lines(windows, [], context), key=str.lower, reverse="/r" in raw.lower()):
        write_line(context, line)
    return 0


def _more(windows: Windows, arguments: list[str], context: Context, raw: str) -> int:
    for line in _lines(windows, arguments, context):
        write_line(context, line)
    return 0


def _chcp(windows: Windows, arguments: list[str], context: Context, raw: str) -> int:
    if arguments and not arguments[0].isdigit():
        return fail(context, "Parameter format not correct - " + arguments[0])
    write_line(context, f"Active code page: {arguments[0] if arguments else 65001}")
    return 0


def _attrib(windows: Windows, arguments: list[str], context: Context, raw: str) -> int:
    """``attrib [+r|-r|+h|-h] PATH``."""
    signs = [argument.lower() for argument in arguments if re.fullmatch(r"[+-][rhsa]", argument, re.IGNORECASE)]
    paths = [argument for argument in arguments if argument.lower() not in signs and not argument.startswith("/")]
    for path in paths:
        node = windows.disk.find(absolute(path, context.cwd))
        if node is None:
            return fail(context, f"File not found - {path}")
        for sign in signs:
            if sign[1] in "rh":
                setattr(node, "read_only" if sign[1] == "r" else "hidden", sign[0] == "+")
    return 0


def _certutil(windows: Windows, arguments: list[str], context: Context, raw: str) -> int:
    """``certutil -decode|-encode|-hashfile``."""
    words = [word.lower().replace("/", "-", 1) for word in arguments]
    paths = [absolute(word, context.cwd) for word in arguments if not word.startswith(("-", "/"))]
    try:
        if "-hashfile" in words and paths:
            return _hash(windows, arguments, context)
        if "-decode" in words and len(paths) == 2:
            text = decode(bytes(windows.disk.file(paths[0]).data))
            lines = [line for line in text.splitlines() if not line.startswith("-----")]
            windows.disk.write(paths[1], base64.b64decode("".join(lines), validate=False))
        elif "-encode" in words and len(paths) == 2:
            text = base64.encodebytes(bytes(windows.disk.file(paths[0]).data)).decode().replace("\n", "\r\n")
            windows.disk.write(paths[1], f"-----BEGIN CERTIFICATE-----\r\n{text}-----END CERTIFICATE-----\r\n".encode())
        else:
            return fail(context, f"CertUtil: the simulated machine does not know: {raw}", 1)
    except (DiskError, binascii.Error) as error:
        return fail(context, f"CertUtil: {error}", 1)
    write_line(context, "CertUtil: command completed successfully.")
    return 0


def _hash(windows: Windows, arguments: list[str], context: Context) -> int:
    rest = [word for word in arguments if not word.startswith(("-", "/"))]
    kind = rest[1] if len(rest) > 1 else "SHA1"
    data = bytes(windows.disk.file(absolute(rest[0], context.cwd)).data)
    write_line(context, f"{kind} hash of {rest[0]}:")
    write_line(context, hashlib.new(kind.lower(), data).hexdigest())
    write_line(context, "CertUtil: -hashfile command completed successfully.")
    return 0


PROGRAMS: dict[str, Program] = {
    "timeout": _timeout,
    "ping": _ping,
    "findstr": _findstr,
    "find": _find,
    "sort": _sort,
    "more": _more,
    "chcp": _chcp,
    "attrib": _attrib,
    "certutil": _certutil,
}
