"""The commit of the git checkout in which a file lies, asked of `git` so that nothing in the checkout is ever run."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

__all__ = ["CHANGED", "commit_of"]

logger = logging.getLogger(__name__)

CHANGED: Final = " with uncommitted changes"
"""What follows the hash, where the file is not as the commit has it."""

_PATIENCE_S: Final = 5.0
# A checkout may come from anywhere, and its settings can name programs: for watching files, as hooks, to fetch what is
# missing. Only commands that look up objects are asked, which need none of them.
_NOTHING_RUNS: Final = (
    "--no-optional-locks",
    "--literal-pathspecs",
    "--no-pager",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "protocol.allow=never",
    "-c",
    "safe.bareRepository=explicit",
)


def commit_of(path: Path, content: bytes) -> str | None:
    """Tell of which commit a file is.

    Parameters
    ----------
    path : Path
        The file.
    content : bytes
        What was read of it.

    Returns
    -------
    commit : str or None
        The hash of the checkout's commit, followed by `CHANGED` if that has another file there, or none; None if
        there is no checkout, no commit, or no `git`.
    """
    folder = path.parent.resolve()
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if not commit:
        return None
    listed = _git(folder, "ls-tree", "-z", commit, "--", path.name) or ""
    committed = listed.split("\t", 1)[0].split(" ")[-1]
    # Some checkouts write the ends of lines in another way than their commits do.
    same = any(_git(folder, "hash-object", "--stdin", stdin=one) == committed for one in _spellings(content))
    return commit if committed and same else f"{commit}{CHANGED}"


def _spellings(content: bytes) -> tuple[bytes, ...]:
    plain = content.replace(b"\r\n", b"\n")
    return (content,) if plain == content else (content, plain)


def _git(folder: Path, *command: str, stdin: bytes = b"") -> str | None:
    program = shutil.which("git")
    if program is None:
        return None
    environment = {name: value for name, value in os.environ.items() if not name.upper().startswith("GIT_")}
    environment |= {"GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and the words are ours but for the names of folder and file
            [program, "-C", str(folder), *_NOTHING_RUNS, *command],
            input=stdin,
            capture_output=True,
            timeout=_PATIENCE_S,
            env=environment,
            check=False,
        )
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        logger.debug("git can't be asked: %s", error)
        return None
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else None
