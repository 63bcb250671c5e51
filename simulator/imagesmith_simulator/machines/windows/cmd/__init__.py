"""A small cmd.exe: what command lines and batch files of provisioners use.

Known: ``echo set if for call goto exit setlocal endlocal shift rem cd pushd popd md rd del copy move ren type dir ver
title path chcp pause start mklink-less files``, ``%VAR%`` with substrings and replacements, ``!VAR!`` where delayed
expansion is on, ``%1`` and ``%~dpnx1``, blocks, ``& && || |``, redirection, labels, and the programs of the package
`programs`. A command that is none of these is refused as Windows refuses it, with an exit code that is not 0.
"""
