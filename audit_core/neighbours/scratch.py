"""Folders for what is written only while something runs: those of processes that were killed are removed by the next.

A folder is in use as long as a process holds the lock on it, which ends with the process, however that ends.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["scratch"]


@contextmanager
def scratch(folder: Path, prefix: str) -> Iterator[Path]:
    """Make a folder that is gone when the block ends, and remove those that nobody uses any more.

    Parameters
    ----------
    folder : Path
        In which it is made.
    prefix : str
        How its name begins. Every folder there whose name begins so is taken for one that this function made.
    """
    _sweep(folder, prefix)
    place, number = _made(folder, prefix)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        os.close(number)


def _made(folder: Path, prefix: str) -> tuple[Path, int]:
    while True:
        place = Path(tempfile.mkdtemp(prefix=prefix, dir=folder))
        try:
            number = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:  # another process swept it away before it was locked
            continue
        if _locked(number) is not False and place.exists():
            return place, number
        os.close(number)


def _sweep(folder: Path, prefix: str) -> None:
    for place in folder.glob(f"{prefix}*"):
        try:
            number = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            if _locked(number):
                shutil.rmtree(place, ignore_errors=True)
        finally:
            os.close(number)


def _locked(number: int) -> bool | None:
    """Lock a folder; False if another process has it, None if the file system knows no locks on folders."""
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True
