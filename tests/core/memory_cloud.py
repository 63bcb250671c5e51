"""A small stateful cloud in memory with dependencies between its things, to drive the lifecycle without a network."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from imagesmith.errors import AnswerLost, Conflict, QuotaExceeded
from imagesmith.interfaces import (
    Address,
    Artifact,
    Image,
    Intent,
    Lifecycle,
    Login,
    Machine,
    Network,
    ReservedAddress,
    Resource,
    SourceImage,
)

Fault = Literal["", "refuse", "lose answer", "list late", "die before", "die after"]
NEEDS = {"instance": ("subnet",), "subnet": ("vpc",)}


@dataclass
class Store:
    """The cloud's things by id, in a file, so that they outlive a killed process."""

    path: Path
    fault: Fault = ""
    fault_at: int = -1
    calls: int = 0
    unseeing: int = 0
    """How many look-ups find nothing yet."""
    undeletable: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def load(self) -> dict[str, dict[str, str]]:
        things: dict[str, dict[str, str]] = json.loads(self.path.read_text()) if self.path.exists() else {}
        return things

    def call(self, change: Callable[[dict[str, dict[str, str]]], str]) -> str:
        with self.lock:
            return self._call(change)

    def _call(self, change: Callable[[dict[str, dict[str, str]]], str]) -> str:
        number, self.calls = self.calls, self.calls + 1
        fault = self.fault if number == self.fault_at else ""
        if fault == "refuse":
            raise QuotaExceeded("no more of these", code="QuotaExceeded")
        if fault == "die before":
            os._exit(9)
        things = self.load()
        answer = change(things)
        self.path.write_text(json.dumps(things))
        if fault == "die after":
            os._exit(9)
        if fault == "list late":
            self.unseeing = 1
        if fault in ("lose answer", "list late"):
            raise AnswerLost("read timed out")
        return answer

    def create(self, kind: str, token: str) -> str:
        def change(things: dict[str, dict[str, str]]) -> str:
            identity = f"{kind}-{len(things)}-{token[:6]}"
            things[identity] = {"kind": kind, "token": token}
            return identity

        return self.call(change)

    def delete(self, identity: str) -> None:
        def change(things: dict[str, dict[str, str]]) -> str:
            if identity.split("-", maxsplit=1)[0] in self.undeletable:
                raise QuotaExceeded(f"{identity} can't be deleted", code="Forbidden")
            kind = things.get(identity, {}).get("kind")
            users = [one for one, fact in things.items() if kind in NEEDS.get(fact["kind"], ())]
            if users:
                raise Conflict(f"{identity} is used by {users[0]}", code="DependencyViolation")
            things.pop(identity, None)
            return ""

        self.call(change)


class MemoryCloud:
    """A Provider over the store."""

    def __init__(self, store: Store, lifecycle: Lifecycle) -> None:
        self.store, self.run = store, lifecycle

    def _own(self, kind: str) -> str:
        return self.run.own(kind, lambda token: self.store.create(kind, token), name=f"test-{kind}")

    def source_image(self) -> SourceImage:
        return SourceImage("m-source")

    def login(self, source: SourceImage) -> Login:
        return Login("root", key_name=self._own("key"), private_key="very secret key")

    def network(self) -> Network:
        return Network(self._own("vpc"), self._own("subnet"), "")

    def reserve_address(self) -> ReservedAddress:
        return ReservedAddress(self._own("eip"), "127.0.0.9")

    def launch(self, source: SourceImage, login: Login, network: Network) -> Machine:
        return Machine(self._own("instance"))

    def reach(self, machine: Machine, reserved: ReservedAddress) -> Address:
        return Address(reserved.host)

    def password(self, machine: Machine, login: Login) -> Login:
        return login

    def renew(self, machine: Machine) -> None:
        self.store.call(lambda _things: "")

    def console(self, machine: Machine) -> str:
        return ""

    def stop(self, machine: Machine) -> None:
        self.store.call(lambda _things: "")

    def capture(self, machine: Machine) -> Image | None:
        image = self._own("image")
        self.run.keep("image", image)
        return Image(image, "test", "somewhere")

    def publish(self, image: Image) -> Artifact:
        self.store.call(lambda _things: "")
        return Artifact("memory", f"somewhere:{image.id}", f"somewhere: {image.id}", images={"somewhere": image.id})

    def destroy(self, resource: Resource) -> None:
        self.store.delete(resource.id)

    def find(self, intent: Intent) -> str | None:
        with self.store.lock:
            if self.store.unseeing:
                self.store.unseeing -= 1
                return None
            things = self.store.load()
        mine = (one for one, fact in things.items() if fact["token"] == intent.token)
        return next((one for one in mine if one not in intent.besides), None)
