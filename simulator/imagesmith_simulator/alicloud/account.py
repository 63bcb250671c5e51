"""The models of one account, put together."""

from __future__ import annotations

from imagesmith_simulator.alicloud.models.addresses import AddressModel
from imagesmith_simulator.alicloud.models.assistant import AssistantModel
from imagesmith_simulator.alicloud.models.images import ImageModel, SnapshotModel
from imagesmith_simulator.alicloud.models.instances import InstanceModel
from imagesmith_simulator.alicloud.models.key_pairs import KeyPairModel
from imagesmith_simulator.alicloud.models.network import NetworkModel
from imagesmith_simulator.alicloud.models.tagging import TagModel
from imagesmith_simulator.alicloud.store import Store


class Account:
    """What a handler works on."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.endpoint = ""
        self.network = NetworkModel(store)
        self.addresses = AddressModel(store)
        self.key_pairs = KeyPairModel(store)
        self.snapshots = SnapshotModel(store)
        self.images = ImageModel(store, self.snapshots)
        self.instances = InstanceModel(store, self.network, self.addresses, self.images)
        self.tags = TagModel(store)
        self.assistant = AssistantModel(store)
