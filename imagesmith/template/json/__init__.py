"""Packer's legacy JSON templates."""

from imagesmith.template.json.load import load

__all__ = ["load"]
