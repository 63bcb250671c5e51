"""What ``imagesmith policy`` prints for Alibaba Cloud is exactly what builds, broken ones too, and cleanups call."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import imagesmith_alicloud
from imagesmith_alicloud.policy import NEEDS
from tests.policies.alicloud import VARIANTS, Alicloud
from tests.policies.checking import strayed, unmissed
from tests.policies.drills import Variant

NO_BUILD_CALLS = {
    "DeleteDisk": "no build makes a disk of its own",
}
"""Requests in the package's modules that no build sends, with the reason."""


@pytest.mark.sweep
@pytest.mark.timeout(600)
def test_builds_use_all_of_their_policy_and_nothing_else(variant: Variant, alicloud: Alicloud) -> None:
    assert strayed(alicloud, variant) == []


@pytest.mark.sweep
@pytest.mark.timeout(1800)
def test_each_missing_permission_is_told_by_name(variant: Variant, step: int, alicloud: Alicloud) -> None:
    assert unmissed(alicloud, variant, step, start=VARIANTS.index(variant)) == []


def test_the_table_has_every_request_of_the_provider() -> None:
    modules = Path(imagesmith_alicloud.__file__).parent.glob("*.py")
    sent = {
        f"{product}:{action}"
        for path in modules
        if path.name != "kms.py"
        for product, action in re.findall(r"\b(ecs|vpc)\.(\w+)Request\b", path.read_text(encoding="utf-8"))
        if action not in NO_BUILD_CALLS
    }
    told = {action for need in NEEDS for action in need.actions.split()}
    assert told - {"ram:PassRole"} == sent
