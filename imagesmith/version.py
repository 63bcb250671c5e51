"""The version of this distribution, and the version of Packer whose behaviour it keeps."""

__version__ = "0.1.0"

PACKER_VERSION = "1.16.0"
"""What ``required_version`` and ``{{ packer_version }}`` see."""
