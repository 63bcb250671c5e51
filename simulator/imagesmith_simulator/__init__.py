"""Clouds on loopback, for users' dry runs and for tests: real SDKs talk to them over HTTP, nothing else is real.

What is independent of a cloud is in this package (`clock`, `faults`, `record`, `critical_path`, `server`, `control`);
each cloud has a package of its own (`alicloud`), and what stands behind a simulated instance is in `machines`.
"""
