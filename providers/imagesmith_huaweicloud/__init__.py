"""Huawei Cloud ECS for imagesmith. Importing this package imports no SDK."""
