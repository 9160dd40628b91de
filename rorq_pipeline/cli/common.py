"""What every command shares: the consoles and the one-line error."""

from rich.console import Console
from rich.text import Text

from strategy.errors import RorqError

console = Console()
error_console = Console(stderr=True)


def print_error(error: RorqError) -> None:
    """Print one line on standard error, never a traceback."""
    line = Text("error: ", style="bold red")
    line.append(str(error), style="default")
    error_console.print(line, soft_wrap=True)
