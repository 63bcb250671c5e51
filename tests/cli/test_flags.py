"""Flags as Packer and as everybody else spells them."""

from __future__ import annotations

import pytest

from imagesmith.cli.flags import Flag, Parsed, parse
from imagesmith.errors import UsageError

FLAGS = (
    Flag("force", "boolean", "", default=False),
    Flag("color", "boolean", "", default=True),
    Flag("var", "pairs", ""),
    Flag("var-file", "texts", ""),
    Flag("only", "names", ""),
    Flag("parallel-builds", "whole", "", 0),
    Flag("timeout", "duration", "", 0.0),
    Flag("on-error", "choice", "", "cleanup", choices=("cleanup", "abort")),
    Flag("old", "boolean", "", default=False, without_effect="it is built in"),
)


def read(*argv: str) -> Parsed:
    return parse(argv, FLAGS)


@pytest.mark.parametrize(
    "argv",
    [
        ["-var", "a=b", "t.json"],
        ["--var", "a=b", "t.json"],
        ["-var=a=b", "t.json"],
        ["--var=a=b", "t.json"],
        ["t.json", "-var", "a=b"],
    ],
)
def test_one_flag_has_four_spellings_and_may_follow_the_template(argv: list[str]) -> None:
    parsed = read(*argv)
    assert parsed["var"] == (("a", "b"),)
    assert parsed.arguments == ("t.json",)


def test_variables_keep_their_order_commas_and_equal_signs() -> None:
    assert read("-var", "a=1,2", "-var", "b=x=y", "-var=a=")["var"] == (("a", "1,2"), ("b", "x=y"), ("a", ""))


def test_names_are_split_at_commas_and_collected() -> None:
    assert read("-only=a,b", "-only", "c, d")["only"] == ("a", "b", "c", "d")


@pytest.mark.parametrize(
    ("word", "value"), [("-color", True), ("-color=false", False), ("--color=0", False), ("-color=T", True)]
)
def test_switches_read_as_go_reads_them(word: str, value: bool) -> None:
    assert read(word, "t.json")["color"] is value


def test_a_switch_never_takes_the_next_word() -> None:
    assert read("-force", "false").arguments == ("false",)


def test_values_are_typed() -> None:
    parsed = read("-parallel-builds=3", "-timeout", "1h30m", "-on-error=abort")
    assert (parsed["parallel-builds"], parsed["timeout"], parsed["on-error"]) == (3, 5400.0, "abort")


def test_what_is_not_given_has_its_default_and_is_known_not_to_be_given() -> None:
    parsed = read("-force")
    assert parsed["on-error"] == "cleanup"
    assert parsed["var-file"] == ()
    assert parsed.given == {"force"}


def test_two_dashes_end_the_flags() -> None:
    assert read("-force", "--", "-force").arguments == ("-force",)


def test_a_flag_without_effect_says_so_once() -> None:
    assert read("-old", "-old").notices == ("-old has no effect: it is built in",)


@pytest.mark.parametrize(
    ("argv", "message", "hint"),
    [
        (["-frce"], "there is no flag -frce", "did you mean -force?"),
        (["--var_file=x"], "there is no flag --var_file", "did you mean -var-file?"),
        (["-var"], "the flag -var needs a value", ""),
        (["-var", "secretvalue"], "the flag -var needs name=value", ""),
        (["-parallel-builds=two"], 'needs a whole number, not "two"', ""),
        (["-timeout=soon"], 'needs a time, not "soon"', "1h30m"),
        (["-on-error=abrt"], 'can\'t be "abrt"', 'did you mean "abort"?'),
        (["-force=maybe"], '"maybe" is neither true nor false', "-force=false"),
    ],
)
def test_what_is_not_understood_is_a_usage_error(argv: list[str], message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(*argv)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert "secretvalue" not in str(caught.value)
