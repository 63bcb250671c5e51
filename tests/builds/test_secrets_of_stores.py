"""A simulated build whose values come from a secret store: none of them is seen outside of the machine it is for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from imagesmith_simulator.server import LoopbackServer, Reply

PASSWORD, TOKEN, CHOPPED = "pa$$'wörd from a store", "hvs.token-of-the-build", "left-hand-part:right-hand-part"

TEMPLATE = """
locals {
  password = vault("secret/data/app", "password")
  right    = split(":", vault("secret/data/app", "chopped"))[1]
}

source "alicloud-ecs" "web" {
  region        = "cn-hangzhou"
  image_name    = "from-a-store"
  source_image  = "aliyun_3_9_x64_20G_alibase_20231219.vhd"
  instance_type = "ecs.s6-c1m2.large"
  ssh_username  = "root"
}

build {
  sources = ["source.alicloud-ecs.web"]
  provisioner "shell" {
    environment_vars = ["PASSWORD=${local.password}"]
    inline           = ["env | grep PASSWORD", "echo ${local.right}", "printf %s \\"$PASSWORD\\" | wc -c"]
  }
  provisioner "shell-local" {
    environment_vars = ["LATE=${vault("secret/data/late", "password")}"]
    inline           = ["echo \\"it is $LATE\\""]
  }
  post-processor "manifest" {
    custom_data = { password = local.password }
  }
}
"""
LATE = "asked for late"


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_value_of_a_store_is_seen(log_format: str, tmp_path: Path, state_dir: Path) -> None:
    answers = {
        "/v1/secret/data/app": {"password": PASSWORD, "chopped": CHOPPED},
        "/v1/secret/data/late": {"password": LATE},
    }
    server = LoopbackServer(lambda request: Reply.json({"data": {"data": answers[request.path]}}))
    (tmp_path / "t.pkr.hcl").write_text(TEMPLATE)
    store = {"VAULT_ADDR": server.url, "VAULT_TOKEN": TOKEN, "PACKER_LOG": "1", "PACKER_LOG_PATH": "packer.log"}
    command = [sys.executable, "-m", "imagesmith", "build", "--simulate", "-latency", "none"]
    command += [f"-log-format={log_format}", "t.pkr.hcl"]
    try:
        done = subprocess.run(command, capture_output=True, cwd=tmp_path, env=os.environ | store, check=False)
    finally:
        server.close()
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    places = {"output": done.stdout + done.stderr}
    places |= {path.name: path.read_bytes() for path in tmp_path.glob("packer*")}
    places |= {str(path): path.read_bytes() for path in state_dir.rglob("*") if path.is_file()}
    assert {"packer.log", "packer-manifest.json"} < set(places)
    assert any(state_dir.name in place for place in places)
    for place, content in places.items():
        for secret in (PASSWORD, TOKEN, CHOPPED, LATE, "right-hand-part"):
            assert secret.encode() not in content, f"{place} has {secret}"
    assert b"PASSWORD=<sensitive>" in places["output"]
    assert b"it is <sensitive>" in places["output"]
