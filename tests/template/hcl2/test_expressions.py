"""What expressions are worth: a table that Debian's packer 1.6.6 agrees with, and what is newer than it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from imagesmith.errors import TemplateError
from imagesmith.template.hcl2.cty import DYNAMIC, NUMBER, STRING, tuple_of, unknown
from imagesmith.template.hcl2.functions.json_text import encode
from imagesmith.template.hcl2.functions.registry import FunctionProblem
from tests.template.hcl2.hcl2_plans import as_json, plain, value_of

TABLE = [
    line.split("\t") for line in (Path(__file__).parent / "expressions.tsv").read_text(encoding="utf-8").splitlines()
]
# Debian's packer gives an unknown value for a splat of a bare null; newer ones give an empty tuple.
NO_ORACLE = {"null[*]", "null[*].a"}


@pytest.mark.parametrize(("expression", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_an_expression_has_the_value_of_the_table(expression: str, expected: str) -> None:
    try:
        result = as_json(expression)
    except (TemplateError, FunctionProblem):
        result = "ERROR"
    assert result == expected


@pytest.mark.packer
@pytest.mark.skipif(shutil.which("packer") is None, reason="packer is not installed")
def test_packer_has_the_same_table(tmp_path: Path) -> None:
    rows = [row for row in TABLE if row[0] not in NO_ORACLE]
    template = tmp_path / "t.pkr.hcl"
    wrapped = [f'e{i} = try(jsonencode([{expression}]), "ERROR")' for i, (expression, _) in enumerate(rows)]
    template.write_text("locals {\n" + "\n".join(wrapped) + "\n}\n", encoding="utf-8")
    command = ["packer", "inspect", str(template)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    shown = dict(re.findall(r"^local\.e(\d+): (\".*\")$", done.stdout, re.MULTILINE))
    theirs = {i: json.loads(re.sub(r"(?<!\\)\\x", r"\\u00", text)) for i, text in shown.items()}
    ours = {str(i): expected if expected == "ERROR" else f"[{expected}]" for i, (_, expected) in enumerate(rows)}
    different = {rows[int(i)][0]: (theirs.get(i), ours[i]) for i in ours if theirs.get(i) != ours[i]}
    assert different == {}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("false && nope", False),
        ("true || nope", True),
        ("{ a = null }.a[*]", []),
        ("var.list[*]", [1, 2]),
        ('var.map["k"]', "v"),
        ("[for k, v in var.map : k]", ["k"]),
        ('true ? "x" : file("/nonexistent")', "x"),
        ("alltrue([true, true])", True),
        ("alltrue([])", True),
        ("alltrue([true, null])", False),
        ("anytrue([false, true])", True),
        ("anytrue([])", False),
        ('startswith("hello", "he")', True),
        ('endswith("hello", "lo")', True),
        ('strcontains("hello", "ll")', True),
        ("sum([1, 2.5])", 3.5),
        ('regex("[a-z]+", "12ab3")', "ab"),
        ('regex("(\\\\d)(x)?", "a1")', ["1", None]),
        ('regex("(?P<y>\\\\d+)-(?P<m>\\\\d+)", "on 2020-02")', {"y": "2020", "m": "02"}),
        ('regexall("\\\\d", "a1b2")', ["1", "2"]),
        ('regexall("x", "abc")', []),
        ('index(["a", "b"], "b")', 1),
        ('convert({ a = "1" }, object({ a = number, b = optional(string), c = optional(bool, true) }))',
         {"a": 1, "b": None, "c": True}),
        ("convert({ a = { } }, object({ a = object({ b = optional(number, 5) }) }))", {"a": {"b": 5}}),
        ('textencodebase64("é", "UTF-16LE")', "6QA="),
        ('textdecodebase64("6QA=", "UTF-16LE")', "é"),
        ('rfc3339_parse("2020-02-03T04:05:06Z").weekday_name', "Monday"),
        ('rfc3339_parse("2020-02-03 04:05:06+02:00").unix', 1580695506),
        ("unix_timestamp_parse(0).rfc3339", "1970-01-01T00:00:00Z"),
        ('length("👩‍👩‍👧é")', 2),
    ],
)  # fmt: skip
def test_what_is_newer_than_the_table(expression: str, expected: object) -> None:
    assert plain(expression, var={"list": [1, 2], "map": {"k": "v"}}) == expected


def test_gzip_in_base64_can_be_unpacked() -> None:
    import base64
    import gzip

    assert gzip.decompress(base64.b64decode(plain('base64gzip("hello é")'))).decode() == "hello é"


def test_an_identifier_is_new_each_time() -> None:
    assert plain("uuidv4()") != plain("uuidv4()")


def test_a_password_hash_can_be_checked() -> None:
    import bcrypt

    assert bcrypt.checkpw(b"secret", plain('bcrypt("secret", 4)').encode())


def test_a_text_encrypted_for_a_key_is_decrypted() -> None:
    import base64

    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()
    text = base64.b64encode(key.public_key().encrypt(b"hello", padding.PKCS1v15())).decode()
    assert plain("rsadecrypt(cipher, key)", cipher=text, key=pem) == "hello"


def test_what_is_not_known_yet_spreads_but_types_stay() -> None:
    names = {"s": unknown(STRING), "n": unknown(NUMBER), "x": unknown(DYNAMIC), "l": tuple_of([unknown(STRING)])}
    kinds = {
        '"a-${s}"': STRING,
        "n + 1": NUMBER,
        "upper(s)": STRING,
        "s == s": value_of("true").type,
        "x.a.b[0]": DYNAMIC,
        "[for e in x : e]": DYNAMIC,
        "upper(l[0])": STRING,
        "parseint(s, 10) * 2": NUMBER,
        "n > 1 ? 1 : 2": NUMBER,
    }
    for expression, kind in kinds.items():
        value = value_of(expression, names)
        assert (value.known, value.type) == (False, kind), expression
    assert encode(value_of('n > 1 || true ? "a" : s', names)) == '"a"'
    assert value_of("can(s)", names).known is False


def test_files_are_found_from_the_template_and_from_where_the_run_began(tmp_path: Path) -> None:
    root = tmp_path / "templates"
    (root / "sub").mkdir(parents=True)
    (root / "a.txt").write_text("hello é", encoding="utf-8")
    (root / "sub" / "b.sh").write_text("b", encoding="utf-8")
    (root / "bad.bin").write_bytes(b"\xff\x00")
    (root / "t.tpl").write_text("%{ for x in xs ~}\n${upper(x)},\n%{ endfor ~}\n${templatevar}", encoding="utf-8")

    def look(text: str) -> object:
        from imagesmith.template.hcl2.cty import to_plain

        return to_plain(value_of(text, root="templates", working=str(tmp_path)))

    assert look('file("a.txt")') == "hello é"
    assert look(f'file("{root}/a.txt")') == "hello é"
    assert look('fileexists("a.txt") && !fileexists("nope")') is True
    assert look('fileset(".", "**/*.sh")') == ["sub/b.sh"]
    assert look('fileset(".", "*.{txt,tpl}")') == ["a.txt", "t.tpl"]
    assert look('filebase64("templates/bad.bin")') == "/wA="
    assert look('templatefile("t.tpl", { xs = ["a", "b"], templatevar = 5 })') == "A,\nB,\n5"
    assert look('abspath("x/../y")') == f"{tmp_path}/y"
    for wrong, hint in {
        'file("nope")': "there is no file",
        'file("sub")': "is not a file",
        'file("bad.bin")': "not UTF-8",
        'fileexists("sub")': "is not a file",
        'templatefile("t.tpl", { xs = [] })': 'There is no variable "templatevar"',
    }.items():
        with pytest.raises(TemplateError, match=hint):
            look(wrong)


def test_the_time_of_the_run_stands_still() -> None:
    import datetime as dt

    started = dt.datetime(2020, 2, 3, 4, 5, 6, tzinfo=dt.UTC)
    assert encode(value_of('legacy_isotime("2006-01-02")', started=started)) == '"2020-02-03"'
    assert encode(value_of("legacy_isotime()", started=started)) == '"2020-02-03T04:05:06Z"'
    assert encode(value_of('legacy_strftime("%Y%m%d")', started=started)) == '"20200203"'
    assert re.fullmatch(r'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"', as_json("timestamp()"))
