"""Where a cleanup finds the secrets that a dead build had."""

from __future__ import annotations

from pathlib import Path

import pytest

from imagesmith import housekeeping
from imagesmith.ledger import BuildRecord
from imagesmith.plan import TemplateRequest
from imagesmith_alicloud import AlicloudEcs

SOURCE = """
data "{data}" "key" {{
  {given}
}}
variable "key" {{
  default = "from-a-variable"
}}
source "alicloud-ecs" "web" {{
  region        = "cn-hangzhou"
  access_key    = {key}
  secret_key    = "secret"
  image_name    = data.{data}.key.{output}
  source_image  = "x.vhd"
  instance_type = "ecs.g7.large"
  communicator  = "none"
}}
build {{
  sources = ["alicloud-ecs.web"]
}}
"""
UNREACHABLE = {"data": "http", "given": 'url = "http://127.0.0.1:1/"', "output": "body"}
NULL = {"data": "null", "given": 'input = "from-data"', "output": "output"}


@pytest.mark.parametrize(
    ("key", "data", "found"),
    [
        ("var.key", UNREACHABLE, "from-a-variable"),
        ("data.null.key.output", NULL, "from-data"),
    ],
    ids=["a data source that no secret needs is not read", "one that a secret needs is"],
)
def test_data_sources_are_read_only_for_secrets(tmp_path: Path, key: str, data: dict[str, str], found: str) -> None:
    path = tmp_path / "web.pkr.hcl"
    path.write_text(SOURCE.format(key=key, **data))
    build = BuildRecord("alicloud-ecs.web", "alicloud-ecs", {})
    request = TemplateRequest(str(path), data_sources="unknown")
    secrets = housekeeping._secrets_of(build, AlicloudEcs, request)
    assert secrets == {"access_key": found, "secret_key": "secret"}
