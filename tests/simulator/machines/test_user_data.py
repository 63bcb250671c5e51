"""User data at first boot, as cloud-init treats it."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

import pytest

from imagesmith_simulator.machines.sandbox.guest.yaml_subset import YamlError, parse
from tests.simulator.machines.boxes import Box, KeyPair, eventually

MakeBox = Callable[..., Box]


def test_a_script_runs_once_as_root_with_its_output_on_the_console(make_box: MakeBox) -> None:
    box = make_box(
        user_data=b"#!/bin/bash\nid -un; echo to stderr >&2; echo on console > /dev/console; echo x >> /root/runs\n"
    )
    box.boot()
    assert box.run("cloud-init status --wait") == "status: done\n"
    assert box.run("cat /var/log/cloud-init-output.log") == "root\nto stderr\n"
    for text in ("root\n", "to stderr\n", "on console\n", "Cloud-init finished."):
        assert text in box.machine.console()
    box.machine.power_off()
    box.boot()
    box.run("cloud-init status --wait")
    assert box.run("cat /root/runs") == "x\n"


def test_a_new_instance_of_an_image_runs_its_own_user_data(make_box: MakeBox) -> None:
    first = make_box(user_data=b"#!/bin/sh\necho first >> /root/runs\n")
    first.boot()
    first.run("cloud-init status --wait")
    second = make_box(base=first.machine.snapshot(), user_data=b"#!/bin/sh\necho second >> /root/runs\n")
    second.boot()
    assert second.run("cloud-init status --wait >/dev/null; cat /root/runs") == "first\nsecond\n"


def test_a_failing_script_is_told(make_box: MakeBox) -> None:
    box = make_box(user_data=b"#!/no/such/interpreter\n")
    box.boot()
    assert box.ssh("cloud-init status --wait").stdout == b"status: error\n"
    assert "Failed to run part-001" in box.machine.console()


_CONFIG = """\
#cloud-config
hostname: named
package_update: true        # not simulated
bootcmd:
  - echo boot > /root/boot
write_files:
  - path: /etc/app/config.ini
    permissions: "0640"
    owner: www-data:www-data
    content: |
      [app]
      name = "x: y"
  - {path: /root/encoded, encoding: b64, content: aGVsbG8=}
users:
  - default
  - name: deploy
    groups: adm, users
    sudo: ["ALL=(ALL) NOPASSWD:ALL"]
    ssh_authorized_keys:
      - KEY
runcmd:
  - [sh, -c, "echo list $0", "a b"]
  - echo string; id -un
  - |
    for n in 1 2; do
      echo $n
    done
"""


def test_cloud_config(make_box: MakeBox) -> None:
    box = make_box()
    text = _CONFIG.replace("KEY", box.key.public)
    box = make_box(user_data=text.encode())
    box.boot()
    assert box.run("cloud-init status --wait") == "status: done\n"
    assert box.run("cat /root/boot /root/encoded") == "boot\nhello"
    assert (
        box.run("stat -c '%a %U' /etc/app/config.ini; cat /etc/app/config.ini")
        == '640 www-data\n[app]\nname = "x: y"\n'
    )
    assert box.run("cat /var/log/cloud-init-output.log") == "list a b\nstring\nroot\n1\n2\n"
    assert box.run("id -un; sudo -n id -un; id -Gn", user="deploy") == "deploy\nroot\ndeploy adm users\n"
    assert "package_update is not simulated" in box.machine.console()
    assert box.run("cat /etc/hostname") == "named\n"


def test_multipart_and_compressed_user_data(make_box: MakeBox) -> None:
    message = MIMEMultipart()
    message.attach(MIMEText("#cloud-config\nruncmd: [echo from config]\n", "cloud-config"))
    message.attach(MIMEText("#!/bin/sh\necho from script é\n", "x-shellscript", "utf-8"))
    box = make_box(user_data=gzip.compress(message.as_bytes()))
    box.boot()
    assert box.run("cloud-init status --wait") == "status: done\n"
    assert box.run("cat /var/log/cloud-init-output.log") == "from script é\nfrom config\n"


def test_host_keys_can_be_given(make_box: MakeBox, tmp_path: Path) -> None:
    given = KeyPair.make(tmp_path / "host")
    private = given.path.read_text().replace("\n", "\n    ")
    text = f"#cloud-config\nssh_keys:\n  ed25519_private: |\n    {private}\n  ed25519_public: {given.public}\n"
    box = make_box(user_data=text.encode())
    box.boot()
    with box.transport() as transport:
        key = transport.get_remote_server_key()
        assert f"{key.get_name()} {key.get_base64()}" == " ".join(given.public.split()[:2])
    assert given.public in box.machine.console()


@pytest.mark.parametrize(
    ("data", "warning"),
    [
        (b"hello", "neither a script nor cloud-config"),
        (b"#cloud-config\na: &x 1\n", "line 2"),
        (b"\x1f\x8bbroken", "decompressed"),
    ],
)
def test_what_is_not_understood_is_a_warning_on_the_console(make_box: MakeBox, data: bytes, warning: str) -> None:
    box = make_box(user_data=data)
    box.boot()
    assert eventually(lambda: "Cloud-init finished" in box.machine.console())
    assert warning in box.machine.console()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1\nb: [x, 'y z', \"q\\n\", 2.5, null]\n", {"a": 1, "b": ["x", "y z", "q\n", 2.5, None]}),
        ("- a\n-\n  b: c\n- - d\n  - e\n", ["a", {"b": "c"}, ["d", "e"]]),
        ("a:\n- 1\n- 2\nb:\n", {"a": [1, 2], "b": None}),
        ("a: |-\n  x\n   y\n\n  z\n\nb: >\n  one\n  two\n\n  three\n", {"a": "x\n y\n\nz", "b": "one two\nthree\n"}),
        ("url: http://h:80/#frag # comment\ntime: 'it''s'\n", {"url": "http://h:80/#frag", "time": "it's"}),
        ('{"a": [1, {"b": "c: d"}]}', {"a": [1, {"b": "c: d"}]}),
        ('- echo "a: b"\n', [{'echo "a': 'b"'}]),
        ("mode: 0644\nyes: on\n", {"mode": 0o644, "True": True}),
        ("", None),
    ],
)
def test_yaml(text: str, value: object) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    "text", ["a: *x\n", "a: !tag 1\n", "\ta: 1\n", "a: [1, 2\n", "a: 'x\n", "a: b\n  c\n", "a: 1\nb\n"]
)
def test_yaml_that_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(YamlError, match="line"):
        parse(text)
