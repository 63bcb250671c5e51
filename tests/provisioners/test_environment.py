"""How variables are merged and written for a shell."""

from __future__ import annotations

import subprocess

from hypothesis import given, settings
from hypothesis import strategies as st

from imagesmith.provisioners import environment

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@settings(max_examples=25, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=20))
def test_a_shell_reads_back_every_value(values: list[str]) -> None:
    variables = {f"V{number}": value for number, value in enumerate(values)}
    names = " ".join(f'"$V{number}"' for number in range(len(values)))
    for form in (environment.COMMAND_LINE_FORMAT, environment.FILE_FORMAT):
        script = environment.formatted(variables, form) + f"\nprintf '%s\\0' {names}"
        done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, check=True)
        assert done.stdout.decode("utf-8").split("\0")[:-1] == values


def test_the_map_wins_over_the_list_and_both_over_packers_own() -> None:
    merged = environment.merged({"P": "packer", "A": "packer"}, ["A=list", "B=list", "B=last"], {"B": "map"})
    assert list(merged.items()) == [("A", "list"), ("B", "map"), ("P", "packer")]


def test_formats_may_name_their_arguments() -> None:
    assert environment.formatted({"A": "1"}, '%[2]s=%[1]s 100%% "%[1]s"') == '1=A 100% "A"'


def test_a_value_is_not_repeated_in_a_diagnostic() -> None:
    found = list(environment.problems(["", "=hunter2", "hunter2"], {"": "hunter2"}, "%s=%s"))
    assert len(found) == 4
    assert "=hunter2" not in " ".join(map(str, found))
