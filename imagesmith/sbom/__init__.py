"""Software bills of materials: what a guest's package database says is installed, as CycloneDX and as SPDX."""
