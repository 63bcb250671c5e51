"""The reference page of events, made from `imagesmith.events`: ``python -m imagesmith.ui.event_reference``."""

from __future__ import annotations

import dataclasses
import inspect
import sys
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from imagesmith import events

_INTRODUCTION = """\
# Events

`imagesmith build --log-format json` prints one JSON object a line; the library calls `on_event` with the same facts as
typed objects (`imagesmith.events`). The terminal, the plain log and `-machine-readable` are renderings of them.

* Every object has `event` (one of the names below), `build` (the build's name, `""` for what concerns the whole run)
  and `at` (seconds since 1970, a number).
* Times in other fields are plain seconds. A field that can be `null` says so.
* Secrets are replaced by `<sensitive>` before an event leaves the library.
* New events and new fields may be added in any release: pass over what you don't know. Nothing is renamed or removed
  without a major release.
* Lines come in the order in which things happened. The first event of a run is `RunStarted`, the last is `RunFinished`;
  a `Message` may stand before it (what is wrong with a template) or after it (what a simulated cloud holds).

```
$ imagesmith build --log-format json web.pkr.hcl | jq -r 'select(.event == "ArtifactReady") | .images[]'
m-bp1fzz0ulr3xk8w2ab4d
```

## The events
"""

_WORDS: Mapping[Any, str] = {
    str: "string",
    float: "number",
    int: "number",
    bool: "boolean",
    type(None): "null",
    tuple[str, ...]: "list of strings",
    Mapping[str, str]: "object of strings",
    Mapping[str, float]: "object of numbers",
}


def kinds() -> list[type[events.Event]]:
    """Every event class, in the order in which they are written down."""
    found = [one for one in vars(events).values() if inspect.isclass(one) and issubclass(one, events.Event)]
    return [one for one in found if one is not events.Event]


def page() -> str:
    """The whole page as Markdown."""
    sections = ["\n".join(_section(kind)) for kind in kinds()]
    return "\n".join([_INTRODUCTION, *sections]).rstrip() + "\n"


def _section(kind: type[events.Event]) -> Iterator[str]:
    yield f"### {kind.__name__}"
    yield ""
    yield (inspect.getdoc(kind) or "").replace("``", "`")
    yield ""
    hints = typing.get_type_hints(kind)
    own = [field for field in dataclasses.fields(kind) if field.name not in ("build", "at")]
    if not own:
        return
    yield "| field | type |"
    yield "|---|---|"
    for field in own:
        yield f"| `{field.name}` | {_in_words(hints[field.name])} |"
    yield ""


def _in_words(hint: Any) -> str:
    if hint in _WORDS:
        return _WORDS[hint]
    if typing.get_origin(hint) is Literal:
        return " or ".join(f'`"{choice}"`' for choice in typing.get_args(hint))
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return " or ".join(_in_words(part) for part in typing.get_args(hint))
    raise TypeError(f"no words for {hint}")


if __name__ == "__main__":
    sys.stdout.write(page())
