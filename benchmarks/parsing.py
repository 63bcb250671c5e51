"""How long templates take: milliseconds for each KiB of HCL2, at growing sizes, and ``validate`` as a whole."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.reporting import title, verdict
from imagesmith.plan import TemplateRequest
from imagesmith.template import load
from imagesmith.template.hcl2.parser import parse_body
from imagesmith.template.hcl2.source import Source

SIZES_KIB = (16, 64, 256, 1024)
BOUND_MS_PER_KIB = 1.0
BOUND_GROWTH = 1.5
"""How much more a KiB of the largest corpus may take than one of the smallest: linear time keeps it near 1."""
BOUND_VALIDATE = 0.25
ROUNDS = 5
SEEDS = (*sorted(map(str, Path("tests/templates/seed").glob("*.json"))), "examples/alicloud/quickstart.pkr.hcl")

_HEAD = """\
# A generated corpus in the shape of real templates.
packer {
  required_version = ">= 1.0.0"
}

variable "region" {
  type        = string
  default     = "cn-hangzhou"
  description = "Where it is built."
}
"""

_PART = """\

# Image number @: what the team of this service wants.
variable "service_@" {
  type    = string
  default = "service-@"

  validation {
    condition     = length(var.service_@) > 2
    error_message = "The name is too short."
  }
}

variable "ports_@" {
  type    = list(number)
  default = [80, 443, 8080] // also the probes
}

locals {
  name_@   = "${var.service_@}-${upper(var.region)}"
  labels_@ = { app = var.service_@, "team" = "infra", tier = @ % 2 == 0 ? "web" : "db" }
  /* Every port is opened
     on both stacks. */
  rules_@ = [for index, port in var.ports_@ : "${index}:${port}/tcp" if port != 443]
  by_key_@ = { for key, value in local.labels_@ : upper(key) => "${local.name_@}/${value}" }
  listing_@ = join(",", sort([for key, value in local.by_key_@ : "${key}=${value}"]))
  script_@ = <<-EOT
    #!/bin/sh -eu
    # Prepares ${local.name_@}.
    install -d -m 0755 /srv/service
    printf '%s\\n' "$${HOME}" > /srv/service/home
    %{ for rule in local.rules_@ ~}
    firewall-cmd --add-port=${rule}
    %{ endfor ~}
    systemctl enable --now service
  EOT
}

source "null" "host_@" {
  communicator = "none"
}

build {
  name    = "build-@"
  sources = ["source.null.host_@"]

  provisioner "shell-local" {
    environment_vars = ["NAME=${local.name_@}", "LISTING=${local.listing_@}"]
    inline = [
      "echo \\"building ${source.name}\\"", # shown in the log
      "test -n \\"$NAME\\"",
      local.script_@,
    ]
    pause_before = "10s"
  }

  post-processor "manifest" {
    output      = "manifest-@.json"
    custom_data = merge(local.labels_@, { rules = length(local.rules_@) })
  }
}
"""


def corpus(kib: int) -> str:
    """A template of about so many KiB."""
    parts, size, number = [_HEAD], len(_HEAD), 0
    while size < kib * 1024:
        parts.append(_PART.replace("@", str(number)))
        size, number = size + len(parts[-1]), number + 1
    return "".join(parts)


def main() -> bool:
    """Print it; returns whether every bound is kept."""
    title("Templates")
    parse, plan = [], []
    with tempfile.TemporaryDirectory() as folder:
        for kib in SIZES_KIB:
            text, path = corpus(kib), Path(folder, f"corpus-{kib}.pkr.hcl")
            path.write_text(text, encoding="utf-8")
            rounds = ROUNDS if kib < 1024 else 2
            parse.append(_ms(partial(parse_body, Source("corpus", text)), rounds) / (len(text) / 1024))
            request = TemplateRequest(path=str(path), environ={})
            plan.append(_ms(partial(load, request), rounds) / (len(text) / 1024))
            print(f"  {kib:5} KiB: parse {parse[-1]:.2f}, parse and evaluate {plan[-1]:.2f} ms/KiB", flush=True)
    kept = [
        verdict("parse, the slowest size", max(parse), BOUND_MS_PER_KIB, "ms/KiB"),
        verdict("parse and evaluate, the slowest size", max(plan), BOUND_MS_PER_KIB, "ms/KiB"),
        verdict("parse and evaluate, a KiB of 1 MiB over a KiB of 16 KiB", plan[-1] / plan[0], BOUND_GROWTH, "times"),
    ]
    slowest = max(SEEDS, key=_validate)
    kept.append(verdict(f"validate {slowest}, process time", _validate(slowest), BOUND_VALIDATE, "s"))
    return all(kept)


def _ms(work: Callable[[], object], rounds: int) -> float:
    """The least processor time of several rounds."""
    times = []
    for _ in range(rounds):
        started = time.process_time()
        work()
        times.append(1000 * (time.process_time() - started))
    return min(times)


def _validate(path: str) -> float:
    """The least processor time of a process that validates it."""
    command = [sys.executable, "-m", "imagesmith", "validate", path]
    environ = {**os.environ, "ALICLOUD_ACCESS_KEY": "a", "ALICLOUD_SECRET_KEY": "b"}
    times = []
    for _ in range(ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, capture_output=True, env=environ)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)
