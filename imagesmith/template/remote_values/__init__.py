"""Values that templates get from secret stores: Vault, Consul, and the clouds' own.

`RemoteValues` is what the template languages call; each store is one function in a module of its own, here or, for a
cloud with a provider, in the provider's package. `imagesmith.plugin` knows them by the names of their functions.
"""

from __future__ import annotations

from imagesmith.template.remote_values.lookup import RemoteValueError, RemoteValues

__all__ = ["RemoteValueError", "RemoteValues"]
