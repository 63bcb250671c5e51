"""What ``imagesmith policy`` prints for Huawei Cloud is exactly what builds, broken ones too, and cleanups call."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import imagesmith_huaweicloud
from imagesmith_huaweicloud.policy import NEEDS, UNVERIFIED
from imagesmith_simulator.huaweicloud.permissions import needed
from tests.policies.checking import strayed, unmissed
from tests.policies.drills import Variant
from tests.policies.huaweicloud import VARIANTS, Huaweicloud


@pytest.mark.sweep
@pytest.mark.timeout(600)
def test_builds_use_all_of_their_policy_and_nothing_else(variant: Variant, huaweicloud: Huaweicloud) -> None:
    assert strayed(huaweicloud, variant) == []


@pytest.mark.sweep
@pytest.mark.timeout(1800)
def test_each_missing_permission_is_told_by_name(variant: Variant, step: int, huaweicloud: Huaweicloud) -> None:
    assert unmissed(huaweicloud, variant, step, start=VARIANTS.index(variant)) == []


def test_the_table_has_every_request_of_the_provider() -> None:
    modules = Path(imagesmith_huaweicloud.__file__).parent.glob("*.py")
    sent = {
        permission
        for path in modules
        if path.name != "csms.py"
        for product, operation in re.findall(r"\b([a-z]+)\.([A-Z]\w+)Request\b", path.read_text(encoding="utf-8"))
        for permission in needed(operation, product)
    }
    assert sent == {action for need in NEEDS for action in need.actions.split()}


def test_what_is_unverified_is_in_the_table() -> None:
    assert {action for need in NEEDS for action in need.actions.split()} > UNVERIFIED
