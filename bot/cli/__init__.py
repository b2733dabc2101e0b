"""The command line: `cratecheck`. One group of commands a file; nothing heavy is imported before it is needed."""

from bot.cli.main import main

__all__ = ["main"]
