"""The command `cratecheck`: its groups, and what becomes of an error."""

from __future__ import annotations

import logging
import os
import sys
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException

from audit_core.errors import CratecheckError
from bot.cli import (
    audits,
    catalogue,
    decisions,
    exports,
    ledger,
    neighbours,
    policies,
    scan,
    serving,
    starting,
    workspaces,
)
from bot.cli.exit_codes import ExitCode

__all__ = ["app", "main"]

logger = logging.getLogger(__name__)

app = typer.Typer(
    name="cratecheck",
    help="Audits the training data of music AI: policies in YAML, violations in Slack, decisions in a ledger.",
    epilog="Begin with `cratecheck demo`, or with `cratecheck init FOLDER`.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)

starting.add_to(app)
workspaces.add_to(app)
catalogue.add_to(app)
scan.add_to(app)
neighbours.add_to(app)
policies.add_to(app)
audits.add_to(app)
decisions.add_to(app)
ledger.add_to(app)
exports.add_to(app)
serving.add_to(app)


def _say_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"cratecheck {version('cratecheck')}\n")
        raise typer.Exit


@app.callback()
def _common(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say on stderr what is being done.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_say_version, help="Say the version, and end.")
    ] = False,
) -> None:
    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def main() -> NoReturn:
    """Run the command line; a user's mistake shows no stack trace."""
    sys.exit(_status())


def _status() -> int:
    try:
        answer = app(standalone_mode=False)
        sys.stdout.flush()  # now, while a reader that has gone can be told from a fault
    except typer.Exit as error:
        return error.exit_code
    except TyperException as error:
        _show(error)
        return ExitCode.MISTAKE
    except typer.Abort:
        return ExitCode.INTERRUPTED
    except CratecheckError as error:
        _say(str(error))
        return error.exit_code
    except BrokenPipeError:
        return _read_enough()
    except SystemExit as ended:  # Typer's: it takes such a reader for a failure
        if not isinstance(ended.__context__, BrokenPipeError):
            raise
        return _read_enough()
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except Exception as error:
        logger.debug("the fault in full", exc_info=True)
        if os.environ.get("CRATECHECK_DEBUG"):
            raise
        _say(f"a fault of Cratecheck's own: {type(error).__name__}: {error}")
        _say("Set CRATECHECK_DEBUG=1 and run it again for the full trace.")
        return ExitCode.FAULT
    return answer if isinstance(answer, int) else ExitCode.CLEAN


def _read_enough() -> int:
    """End well, for the reader (head, say) has seen enough; Python would complain when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.CLEAN


def _show(error: TyperException) -> None:
    """Show a mistake in the command's words, with its usage where the error knows it."""
    show = getattr(error, "show", None)
    if show is None:
        _say(error.format_message())
    else:
        show()


def _say(text: str) -> None:
    sys.stderr.write(f"cratecheck: {text}\n")
