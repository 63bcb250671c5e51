"""The models of one account, put together."""

from __future__ import annotations

from imagesmith_simulator.huaweicloud.models.addresses import AddressModel
from imagesmith_simulator.huaweicloud.models.attachments import AttachmentModel
from imagesmith_simulator.huaweicloud.models.images import ImageModel
from imagesmith_simulator.huaweicloud.models.key_pairs import KeyPairModel
from imagesmith_simulator.huaweicloud.models.network import NetworkModel
from imagesmith_simulator.huaweicloud.models.servers import ServerModel
from imagesmith_simulator.huaweicloud.models.sharing import SharingModel
from imagesmith_simulator.huaweicloud.models.vaults import VaultModel
from imagesmith_simulator.huaweicloud.models.volumes import VolumeModel
from imagesmith_simulator.huaweicloud.store import Store
from imagesmith_simulator.huaweicloud.tokens import Tokens


class Account:
    """What a handler works on."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.tokens = Tokens(store)
        self.network = NetworkModel(store)
        self.addresses = AddressModel(store)
        self.key_pairs = KeyPairModel(store)
        self.servers = ServerModel(store, self.network, self.addresses)
        self.attachments = AttachmentModel(store, self.servers)
        self.images = ImageModel(store)
        self.sharing = SharingModel(store, self.images)
        self.vaults = VaultModel(store, self.images)
        self.volumes = VolumeModel(store, self.images, self.attachments)
