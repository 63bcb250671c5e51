"""``hcl2_upgrade``: a JSON template in HCL2 that builds the same."""

from imagesmith.template.upgrade.template import Upgraded, upgrade

__all__ = ["Upgraded", "upgrade"]
