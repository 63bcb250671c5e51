"""The reference page of events is what the code says."""

from __future__ import annotations

import json
import re
from pathlib import Path

from imagesmith.ui import event_reference
from imagesmith.ui.json_lines import encode
from tests.ui.story import image_build, stamped, told

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "events.md"


def test_the_page_is_up_to_date() -> None:
    wanted = event_reference.page()
    assert PAGE.read_text() == wanted, "run: python -m imagesmith.ui.event_reference > docs/reference/events.md"


def test_every_line_has_the_documented_fields_and_no_others() -> None:
    documented = {
        section.split("\n", 1)[0]: set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
        for section in PAGE.read_text().split("\n### ")[1:]
    }
    for event in stamped(told(image_build(fail=True))):
        facts = json.loads(encode(event))
        assert set(facts) == documented[facts["event"]] | {"event", "build", "at"}
