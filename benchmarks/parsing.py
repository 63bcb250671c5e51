"""How long templates take: milliseconds for each KiB of HCL2, at growing sizes, and ``validate`` as a whole.

What a KiB takes depends on how much is computed in it. Templates of people, such as those in ``examples/`` and those
that come with Debian's packer, have about 30 expressions in a KiB, seldom more than 45: most of their text is plain
values, comments and scripts. The first corpus is of that kind and has 41. The second, in which nearly everything is
computed, has 72 and stands for the worst that people write.
"""

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
BOUND_COMPUTED = 1.5
COMPUTED_KIB = 64
BOUND_GROWTH = 1.5
"""How much more a KiB of the largest corpus may take than one of the smallest: linear time keeps it near 1."""
BOUND_VALIDATE = 0.25
ROUNDS = 5
SEEDS = (
    # that of Windows names a script which lies elsewhere
    *sorted(str(path) for path in Path("tests/templates/seed").glob("*.json") if path.stem != "user_data"),
    "examples/alicloud/quickstart.pkr.hcl",
)

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

_ORDINARY = """\

# Image number @: the base of what the team of this service runs.
# It is rebuilt every night, and whenever its scripts change.
variable "service_@" {
  type        = string
  default     = "service-@"
  description = "What the service is called in names and tags."

  validation {
    condition     = length(var.service_@) > 2
    error_message = "The name is too short."
  }
}

variable "packages_@" {
  type        = list(string)
  default     = ["ca-certificates", "chrony", "curl", "jq", "rsyslog"]
  description = "What is installed beside the service itself."
}

locals {
  image_@ = "${var.service_@}-${formatdate("YYYYMMDD", timestamp())}"
  labels_@ = {
    Name  = var.service_@
    Owner = "infrastructure"
    Tier  = @ % 2 == 0 ? "web" : "database"
  }
  lines_@ = [for name in var.packages_@ : "install ${name}" if name != "curl"]
}

source "file" "base_@" {
  target  = "/tmp/images/${local.image_@}.txt"
  content = <<-EOT
    [service]
    name = ${local.image_@}
    region = ${var.region}
    restart = always
    # How many are served at once, and how long one may take.
    workers = 4
    timeout = 30
    %{ for line in local.lines_@ ~}
    ${line}
    %{ endfor ~}
  EOT
}

build {
  name        = "image-@"
  description = "The base image of the service, hardened and with its agent."
  sources     = ["source.file.base_@"]

  // The agent comes first: later steps report to it.
  provisioner "shell-local" {
    environment_vars = [
      "SERVICE=${var.service_@}",
      "DEBIAN_FRONTEND=noninteractive",
    ]
    inline = [
      "set -eu",
      "echo \\"building $SERVICE\\"",
      "test -d /srv || mkdir -p /srv",
    ]
    pause_before = "10s"
  }

  provisioner "shell-local" {
    inline = [<<-EOT
      #!/bin/sh -eu
      # Waits until nobody else changes packages, installs ours, and tidies up.
      for attempt in 1 2 3 4 5; do
        if ! fuser /var/lib/dpkg/lock >/dev/null 2>&1; then
          break
        fi
        echo "waiting for the package manager, attempt $attempt"
        sleep 5
      done
      apt-get update -q
      apt-get install -q -y --no-install-recommends nginx logrotate
      install -d -m 0755 -o root -g root /srv/service /srv/service/log
      printf '%s\\n' "$HOME" > /srv/service/home
      systemctl enable --now nginx.service
      rm -rf /var/lib/apt/lists/* /tmp/* /var/tmp/*
    EOT
    ]
    timeout = "15m"
  }

  post-processor "manifest" {
    output      = "manifest-@.json"
    strip_path  = true
    custom_data = merge(local.labels_@, { packages = join(" ", var.packages_@) })
  }
}
"""

_COMPUTED = """\

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


def corpus(kib: int, part: str = _ORDINARY) -> str:
    """A template of about so many KiB, made of this part over and over."""
    parts, size, number = [_HEAD], len(_HEAD), 0
    while size < kib * 1024:
        parts.append(part.replace("@", str(number)))
        size, number = size + len(parts[-1]), number + 1
    return "".join(parts)


def main() -> bool:
    """Print it; returns whether every bound is kept."""
    title("Templates")
    parse, plan = [], []
    with tempfile.TemporaryDirectory() as folder:
        for kib in SIZES_KIB:
            parsed, planned = _measured(corpus(kib), folder, ROUNDS if kib < 1024 else 2)
            parse.append(parsed)
            plan.append(planned)
            print(f"  {kib:5} KiB: parse {parse[-1]:.2f}, parse and evaluate {plan[-1]:.2f} ms/KiB", flush=True)
        _, computed = _measured(corpus(COMPUTED_KIB, _COMPUTED), folder, ROUNDS)
    kept = [
        verdict("parse, the slowest size", max(parse), BOUND_MS_PER_KIB, "ms/KiB"),
        verdict("parse and evaluate, the slowest size", max(plan), BOUND_MS_PER_KIB, "ms/KiB"),
        verdict("parse and evaluate, a KiB of 1 MiB over a KiB of 16 KiB", plan[-1] / plan[0], BOUND_GROWTH, "times"),
        verdict("parse and evaluate where nearly everything is computed", computed, BOUND_COMPUTED, "ms/KiB"),
    ]
    slowest = max(SEEDS, key=_validate)
    kept.append(verdict(f"validate {slowest}, process time", _validate(slowest), BOUND_VALIDATE, "s"))
    return all(kept)


def _measured(text: str, folder: str, rounds: int) -> tuple[float, float]:
    """Milliseconds for each KiB: to parse it, and to make a plan of it."""
    path, kib = Path(folder, "corpus.pkr.hcl"), len(text) / 1024
    path.write_text(text, encoding="utf-8")
    request = TemplateRequest(path=str(path), environ={})
    return _ms(partial(parse_body, Source("corpus", text)), rounds) / kib, _ms(partial(load, request), rounds) / kib


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
