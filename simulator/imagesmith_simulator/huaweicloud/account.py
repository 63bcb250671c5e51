"""The models of one account, put together."""

from __future__ import annotations

from imagesmith_simulator.huaweicloud.models.addresses import AddressModel
from imagesmith_simulator.huaweicloud.models.network import NetworkModel
from imagesmith_simulator.huaweicloud.store import Store


class Account:
    """What a handler works on."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.network = NetworkModel(store)
        self.addresses = AddressModel(store)
