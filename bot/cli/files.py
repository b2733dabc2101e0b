"""Files that a command writes: there in full, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from audit_core.errors import CratecheckError

__all__ = ["append_whole", "could_be_written", "write_whole"]


def could_be_written(path: Path) -> None:
    """Refuse a place where no file can be, before the work whose result it shall hold.

    Raises
    ------
    CratecheckError
        If its folder is missing, or it is a folder itself.
    """
    if path.is_dir():
        raise CratecheckError(f"{path} is a folder", mend="Name a file.")
    if not path.parent.is_dir():
        raise CratecheckError(f"there is no folder {path.parent}", mend="Make it, or choose another place.")


def write_whole(path: Path, lines: Iterable[str]) -> None:
    """Write a file, in place of the one that is there.

    Raises
    ------
    CratecheckError
        If that can't be done; what was there is as it was.
    """
    path = path.resolve()  # of a link, what it leads to
    if path.exists() and not path.is_file():  # a pipe or a terminal, which can't be replaced
        _write(path, lines)
        return
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise _refusal(path, error) from error


def append_whole(path: Path, text: str) -> None:
    """Write a text behind what a file holds, in the file that is there: others may know it by more than its name.

    Raises
    ------
    CratecheckError
        If that can't be done; what was there is as it was.
    """
    try:
        with path.open("ab") as file:
            before = file.tell()
            try:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                os.truncate(path, before)
                raise
    except OSError as error:
        raise _refusal(path, error) from error


def _write(path: Path, lines: Iterable[str]) -> None:
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(lines)
    except OSError as error:
        raise _refusal(path, error) from error


def _refusal(path: Path, error: OSError) -> CratecheckError:
    why = (error.strerror or "unknown reason").lower()
    return CratecheckError(f"{path} can't be written: {why}", mend="Make room, or choose another place.")
