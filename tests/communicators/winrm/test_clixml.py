"""CLIXML becomes text, whatever pieces it comes in."""

from __future__ import annotations

import pytest

from imagesmith_winrm.clixml import Decoder

HEAD = b'#< CLIXML\r\n<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
PROGRESS = (
    b'<Obj S="progress" RefId="0"><TN RefId="0"><T>System.Management.Automation.PSCustomObject</T></TN><MS>'
    b'<I64 N="SourceId">1</I64><PR N="Record"><AV>Preparing modules for first use.</AV><AI>0</AI><T>Completed</T></PR>'
    b"</MS></Obj>"
)
ERRORS = (
    b"<S S=\"Error\">Get-Item : Cannot find path 'C:\\nowhere' because it does not exist._x000D__x000A_</S>"
    b'<S S="Error">At line:1 char:1_x000D__x000A_</S>'
)
INFORMATION = (
    b'<Obj S="information" RefId="1"><ToString>said by Write-Host</ToString><Props>'
    b'<S N="Source">Write-Host</S></Props></Obj>'
)


def decoded(data: bytes, size: int) -> bytes:
    decoder = Decoder()
    pieces = [decoder.feed(data[place : place + size]) for place in range(0, len(data), size)]
    return b"".join(pieces) + decoder.finish()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 100_000])
@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"", b""),
        (b"plain\r\ntext", b"plain\r\ntext"),
        (b"# comment\n#< CLI\n", b"# comment\n#< CLI\n"),
        (b"in a line #< CLIXML\n", b"in a line #< CLIXML\n"),
        (HEAD + PROGRESS + b"</Objs>", b""),
        (
            HEAD + PROGRESS + ERRORS + b"</Objs>",
            b"Get-Item : Cannot find path 'C:\\nowhere' because it does not exist.\r\nAt line:1 char:1\r\n",
        ),
        (b"before\n" + HEAD + b'<S S="Error">x</S></Objs>after\n', b"before\nxafter\n"),
        (HEAD + b"</Objs>\r\n" + HEAD + b'<S S="warning">careful_x000A_</S></Objs>', b"WARNING: careful\n"),
        (HEAD + INFORMATION + b"</Objs>", b"said by Write-Host\r\n"),
        (HEAD + "<S S='Error'>größe _xD83D__xDE00_ _x005F_x000A_</S></Objs>".encode(), "größe 😀 _x000A_".encode()),
        (b"#< CLIXML\r\nnot XML at all <", b"#< CLIXML\r\nnot XML at all <"),
    ],
)
def test_what_is_shown(data: bytes, shown: bytes, size: int) -> None:
    assert decoded(data, size) == shown


def test_an_error_is_shown_before_the_document_ends() -> None:
    decoder = Decoder()
    assert decoder.feed(HEAD + ERRORS).startswith(b"Get-Item")


def test_document_that_breaks_off_shows_what_was_complete() -> None:
    decoder = Decoder()
    assert decoder.feed(HEAD + b'<S S="Error">one</S><S S="Error">tw') + decoder.finish() == b"one"
