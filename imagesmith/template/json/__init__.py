"""Packer's legacy JSON templates."""

from imagesmith.template.json.load import load, outline

__all__ = ["load", "outline"]
