"""One module per command; each has a ``COMMAND``, and is imported only when the command is called."""
