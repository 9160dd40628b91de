"""The command line `rorq`: one module a command, loaded when it is asked for.

A command module exports a click command or group named `command` and keeps its heavy imports
inside the function, so that `rorq --help` answers at once.
"""

from rorq_pipeline.cli.main import main

__all__ = ["main"]
