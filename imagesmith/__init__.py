"""The registry of `imagesmith`: see `imagesmith.build`."""
