"""Files by Cloud Assistant: compressed, in parts that one call takes each, put together and checked in the guest."""

from __future__ import annotations

import hashlib
import posixpath
import secrets
import shlex
import tarfile
import tempfile
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from imagesmith.errors import ConnectionLost, TransferError
from imagesmith.waiting import CancelToken
from imagesmith.ways_in import quoting
from imagesmith.ways_in.landing import Landing
from imagesmith.ways_in.tree import Entry, single, unreadable, walk
from imagesmith_alicloud.assistant_calls import LONGEST_PART

if TYPE_CHECKING:
    from imagesmith_alicloud.assistant_remote import AssistantRemote

_ON_THE_WAY = 6  # parts
_BLOCK = 512
_CHUNK = 256 * 1024
_GZIP = 31  # zlib's window bits for the gzip format
_NO_MATCH = 96
_CHANGED = 1
_MUST_EXIST = "a folder must exist before something is uploaded into it, a file before it is downloaded"

# $1: what the parts' names begin with; $2: how many; $3: their SHA-256; $4: destination; $5: mode, "" for a tree.
_PUT = r"""
parts() { i=0; while [ $i -lt "$count" ]; do "$@" "$name.$i" || return; i=$((i + 1)); done; }
name=$1; count=$2
trap 'parts rm -f' EXIT
command -v gzip >/dev/null 2>&1 || { echo 'the guest has no gzip' >&2; exit 1; }
if command -v sha256sum >/dev/null 2>&1 && [ "$(parts cat | sha256sum)" != "$3  -" ]; then
  echo 'it was damaged on its way' >&2; exit 1
fi
if [ -n "$5" ]; then
  [ -d "$4" ] && { echo "$4 is a directory" >&2; exit 1; }
  parts cat | gzip -dc > "$4" && { [ ! -f "$4" ] || chmod "$5" "$4"; }
else
  mkdir -p "$4" && cd "$4" || exit
  case $(tar --version 2>/dev/null) in *GNU*) keep=--no-overwrite-dir ;; *) keep= ;; esac
  parts cat | gzip -dc | tar $keep -xpof -
fi
"""

# $1: the file.
_GET = r"""
[ -d "$1" ] && { echo "$1 is a directory" >&2; exit 1; }
exec 3< "$1" || exit
gzip -c <&3
"""

# %(folders)s and %(names)s are patterns: the folders that hold what is wanted, and its names there.
_GET_TREE = """
command -v tar >/dev/null 2>&1 || { echo 'the guest has no tar' >&2; exit 1; }
worst=%(no_match)d
{
for folder in %(folders)s; do
  cd "$folder" 2>/dev/null || continue
  set -- ./%(names)s
  if [ -e "$1" ]; then
    tar -chf - "$@"
    status=$?
    [ $worst -eq %(no_match)d ] && worst=0
    [ $status -le $worst ] || worst=$status
  fi
  cd "$OLDPWD" || exit
done
echo $worst >&4
} | gzip -c
"""


def send(remote: AssistantRemote, name: str, chunks: Iterable[bytes], cancel: CancelToken) -> list[str]:
    """Send parts of any size as files ``/tmp/NAME.0``, ``/tmp/NAME.1``, …, a few at a time; returns their paths."""
    under_way: deque[str] = deque()
    paths = []
    for number, part in enumerate(_parts(chunks)):
        cancel.check()
        if len(under_way) >= _ON_THE_WAY:
            remote.agent.wait_sent(under_way.popleft(), cancel)
        under_way.append(remote.agent.send(f"{name}.{number}", part))
        paths.append(f"/tmp/{name}.{number}")  # noqa: S108 - the guest's; the name can't be guessed
    for invoke_id in under_way:
        remote.agent.wait_sent(invoke_id, cancel)
    return paths


def upload(remote: AssistantRemote, content: bytes | Path, destination: str, mode: int | None) -> None:
    """Write one remote file. Raises `TransferError`."""
    entry = single(content, "", mode)
    source = f"{len(content)} bytes" if isinstance(content, bytes) else str(content)
    _put(remote, _content(entry), source, destination, f"{entry.mode:o}")


def upload_tree(remote: AssistantRemote, source: Path, destination: str, *, contents_only: bool) -> None:
    """Copy a folder; what exists already keeps its mode. Raises `TransferError`."""
    source = Path(source)
    top = "" if contents_only else source.resolve().name
    entries = walk(source, top, lambda path: remote.say(f"{path} is neither file nor folder, left out"))
    _put(remote, _archive(entries), str(source), destination, "")


def download(remote: AssistantRemote, source: str, destination: Path) -> None:
    """Read one remote file; local folders are made as needed. Raises `TransferError`."""
    destination = Path(destination)
    with Landing(destination.parent) as landing, landing.file(destination.name, 0o644) as file:
        words = _get(remote, quoting.command(_GET, quoting.word(source)), file, source, destination)
        if words:
            raise _failed("download", source, str(destination), words)


def download_tree(remote: AssistantRemote, source: str, destination: Path) -> None:
    """Copy each folder or file that ``source`` names to ``destination/<its name>``. Raises `TransferError`."""
    destination = Path(destination)
    folder, name = posixpath.split(source.rstrip("/") or "/")
    patterns = {
        "folders": quoting.pattern(folder) if folder else ".",
        "names": quoting.pattern(name) if name else "",
        "no_match": _NO_MATCH,
    }
    # The archive goes to standard output, and the status of what makes it to standard error, after its words.
    command = quoting.command(f"exec 4>&2; {{ {_GET_TREE % patterns} }}")
    with tempfile.TemporaryFile() as archive:
        words = _get(remote, command, archive, source, destination)
        *said, status = words.splitlines() or [""]
        if status == str(_NO_MATCH):
            raise _failed("download", source, str(destination), "no such file or directory")
        if status not in ("0", str(_CHANGED)):
            raise _failed("download", source, str(destination), "\n".join(said) or f"exit status {status}")
        archive.seek(0)
        with Landing(destination) as landing:
            _unpack(archive, landing, source)


def _put(remote: AssistantRemote, chunks: Iterator[bytes], source: str, destination: str, mode: str) -> None:
    name = f".imagesmith-{secrets.token_hex(8)}"
    digest = hashlib.sha256()
    sent: list[str] = []
    try:
        sent = send(remote, name, _seen(_compressed(chunks), digest), remote.cancel)
        facts = [shlex.quote(word) for word in (f"/tmp/{name}", str(len(sent)), digest.hexdigest())]  # noqa: S108
        result = remote.run(quoting.command(_PUT, *facts, quoting.word(destination), shlex.quote(mode)))
    except TransferError as error:
        raise _failed("upload", source, destination, error.message) from None
    if result.exit_status is None:
        raise ConnectionLost(f"the machine went down while {source} was uploaded to {destination}")
    if result.exit_status:
        words = result.stderr.strip() or f"exit status {result.exit_status}"
        raise _failed("upload", source, destination, words)


def _get(remote: AssistantRemote, command: str, file: IO[bytes], source: str, destination: Path) -> str:
    """Run a command that prints gzip; the content goes to the file. Returns the words of standard error."""
    unzip = zlib.decompressobj(_GZIP)
    words = bytearray()

    def take(stream: int, data: bytes) -> None:
        if stream == 1:
            file.write(unzip.decompress(data))
        else:
            words.extend(data)

    try:
        status = remote.execute(command, take)
    except zlib.error as error:
        raise TransferError(f"what came of {source} is no gzip data: {error}") from None
    if status is None:
        raise ConnectionLost(f"the machine went down while {source} was downloaded to {destination}")
    text = words.decode("utf-8", "replace").strip()
    if status or not unzip.eof:
        raise _failed("download", source, str(destination), text or f"exit status {status}")
    file.write(unzip.flush())
    return text


def _unpack(archive: IO[bytes], landing: Landing, source: str) -> None:
    try:
        with tarfile.open(fileobj=archive, ignore_zeros=True, encoding="utf-8", errors="surrogateescape") as members:
            for member in members:
                if member.isdir() and member.name.strip("./"):
                    landing.folder(member.name, member.mode)
                elif member.islnk():
                    landing.copy(member.name, member.linkname, member.mode)
                elif member.isreg():
                    content = members.extractfile(member)
                    with landing.file(member.name, member.mode) as file:
                        while content and (data := content.read(_CHUNK)):
                            file.write(data)
    except tarfile.TarError as error:
        raise TransferError(f"the archive of {source} is damaged: {error}") from error


def _content(entry: Entry) -> Iterator[bytes]:
    """The bytes of an entry, exactly as many as it was said to have. Raises `TransferError`."""
    if isinstance(entry.content, bytes):
        yield entry.content
        return
    left = entry.size
    try:
        with Path(entry.content).open("rb") as file:
            while left and (data := file.read(min(_CHUNK, left))):
                left -= len(data)
                yield data
    except OSError as error:
        raise unreadable(entry.content, error) from error
    if left:
        raise TransferError(f"{entry.content} has become shorter while it was uploaded")


def _archive(entries: Iterable[Entry]) -> Iterator[bytes]:
    """Entries as a tar archive in GNU format: their modes and times, no owner."""
    for entry in entries:
        info = tarfile.TarInfo(entry.name)
        info.mode, info.mtime, info.size = entry.mode, entry.modified, entry.size
        info.type = tarfile.DIRTYPE if entry.folder else tarfile.REGTYPE
        yield info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
        if not entry.folder:
            yield from _content(entry)
            yield bytes(-entry.size % _BLOCK)
    yield bytes(2 * _BLOCK)


def _compressed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    zipper = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
    for chunk in chunks:
        yield zipper.compress(chunk)
    yield zipper.flush()


def _seen(chunks: Iterable[bytes], digest: hashlib._Hash) -> Iterator[bytes]:
    for chunk in chunks:
        digest.update(chunk)
        yield chunk


def _parts(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of a call's size; at least one."""
    kept = bytearray()
    any_yet = False
    for chunk in chunks:
        kept += chunk
        while len(kept) > LONGEST_PART:
            any_yet = True
            yield bytes(kept[:LONGEST_PART])
            del kept[:LONGEST_PART]
    if kept or not any_yet:
        yield bytes(kept)


def _failed(verb: str, source: str, destination: str, words: str) -> TransferError:
    said = "; ".join(line.strip() for line in words.splitlines() if line.strip())
    hints = {
        "no space left": "the guest's disk is full: use a larger system disk, or upload less",
        "no such file": _MUST_EXIST,
        "nonexistent": _MUST_EXIST,  # dash's word for it
        "permission denied": "the user may not do that: leave ssh_username out, and root does it",
        "is a directory": "end the path with / to put the file into that folder under its own name",
        "no gzip": "Cloud Assistant moves files with gzip and tar; install them in the source image",
    }
    hint = next((remedy for sign, remedy in hints.items() if sign in said.lower()), "")
    return TransferError(f"{source} could not be {verb}ed to {destination}: {said[:1000]}", hint=hint)
