"""Write the pages made from the tables of options and flags, and from real runs; --check: are they up to date?"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import captures
import option_tests
import policies

from imagesmith import options, plugin
from imagesmith.communicator import CommunicatorOptions
from imagesmith.interfaces import Output
from imagesmith.ui import event_reference

HERE = Path(__file__).parent / "reference"
KINDS: dict[plugin.Kind, str] = {
    "builders": "builder",
    "provisioners": "provisioner",
    "post_processors": "post-processor",
    "data_sources": "data-source",
}
NOTE = "<!-- made by docs/generate.py from the option tables; edit those -->\n"


def pages() -> Iterator[tuple[str, str]]:
    """The file name and text of every generated page."""
    yield "events.md", event_reference.page()
    yield "command-line.md", command_line()
    yield from captures.pages()
    yield "permissions.md", policies.page()
    yield "option-tests.md", option_tests.page()
    yield "communicator.md", page("Communicator options", "Part of every builder.", CommunicatorOptions)
    for kind, noun in KINDS.items():
        for name in plugin.names(kind):
            plugged = plugin.load(kind, name)
            shared = options.table(CommunicatorOptions) if kind == "builders" and not plugged.withheld else {}
            about = "It also takes the [communicator options](communicator.md)." if shared else ""
            text = page(f"{noun.replace('data-s', 'data s')} `{name}`", about, plugged, frozenset(shared))
            yield f"{noun}-{name}.md", text + (outputs(name, plugged.outputs) if kind == "data_sources" else "")


def command_line() -> str:
    """The help of every command, one section each."""
    from imagesmith.cli import program
    from imagesmith.cli.help import command_help, overview

    parts = [NOTE + "# Command line", "```text\n" + overview("imagesmith", program.COMMANDS) + "\n```"]
    helps = {name: command_help(program.load(name), "imagesmith") for name in program.COMMANDS}
    parts += [f"## {name}\n\n```text\n{text}\n```" for name, text in helps.items()]
    return "\n\n".join(parts) + "\n"


def same(name: str, old: str, new: str) -> bool:
    """Whether a page is up to date; of a picture its words are compared."""
    return captures.words(old) == captures.words(new) if name.endswith(".svg") else old == new


def page(title: str, about: str, table: type[options.Options], without: frozenset[str] = frozenset()) -> str:
    """One page: a table of options, then those that are known but not supported yet."""
    summary = (table.__doc__ or "").strip().split("\n\n")[0].replace("\n    ", " ")
    records = [record for name, record in options.table(table).items() if name not in without]
    ready = [row(record) for record in records if not record.not_yet]
    later = [f"- `{record.name}`: {record.doc} *{record.not_yet}.*" for record in records if record.not_yet]
    parts = [NOTE + f"# {title}", summary, about]
    if ready:
        parts.append("| option | type | default | meaning |\n| --- | --- | --- | --- |\n" + "\n".join(ready))
    if later:
        parts.append(
            "## Known, but not supported yet\n\n"
            "`validate` warns of a template that sets one of these, `build` refuses it.\n\n" + "\n".join(later)
        )
    return "\n\n".join(part for part in parts if part) + "\n"


def outputs(name: str, given: Sequence[Output]) -> str:
    """The section of a data source's page that says what it gives."""
    rows = [f"| `data.{name}.NAME.{output.name}` | {output.type} | {output.doc} |" for output in given]
    return "\n## Outputs\n\n| value | type | meaning |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n"


def row(record: options.Option) -> str:
    """One line of the table."""
    facts = [record.doc]
    if record.choices:
        facts.append("One of " + ", ".join(f"`{choice}`" for choice in record.choices) + ".")
    if record.env:
        facts.append("From the environment: " + ", ".join(f"`{name}`" for name in record.env) + ".")
    if record.aliases:
        facts.append("Also called " + ", ".join(f"`{name}`" for name in record.aliases) + ".")
    if record.no_effect:
        facts.append(f"No effect: {record.no_effect}.")
    default = "**required**" if record.required else shown(record)
    meaning = " ".join(facts).replace("|", "\\|").replace("\n", " ")
    return f"| `{record.name}` | {record.type_name.removeprefix('a ').removeprefix('an ')} | {default} | {meaning} |"


def shown(record: options.Option) -> str:
    """The default as a template would write it."""
    value = record.default
    if value in (None, "", ()) or (not value and not isinstance(value, bool | int | float)):
        return ""
    if record.annotation is options.Duration:
        return f"`{value:g}s`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def main() -> int:
    """Write or check every page; returns the exit code."""
    stale = []
    for name, text in pages():
        path = HERE / name
        if not path.exists() or not same(name, path.read_text(), text):
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(text)
    if stale and "--check" in sys.argv:
        print("out of date, run `make docs`:", *stale)  # noqa: T201
    untested = list(option_tests.untested())
    if untested:
        print("no test shows what these options do (tests/effects.py):", *untested)  # noqa: T201
    return int(bool(untested or (stale and "--check" in sys.argv)))


if __name__ == "__main__":
    sys.exit(main())
