"""What an import tells: while it runs, and when it is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from audit_core.ingest.block import Refusal
from audit_core.ingest.mapping import Mapping

__all__ = ["ImportReport", "Progress"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is.

    Attributes
    ----------
    stage : {"undoing", "reading", "closing"}
        Taking back what an interrupted import left; reading files; closing the rows that vanished.
    file : str
        Which file or folder is read; empty in the other stages.
    rows : int
        How many rows were read, undone or closed so far in this stage.
    done, total : int
        How much of `file`: bytes, rows of Parquet, or files of a folder. Total 0: not known.
    """

    stage: Literal["undoing", "reading", "closing"]
    file: str = ""
    rows: int = 0
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did.

    Attributes
    ----------
    dataset : str
        Where to.
    read : int
        Rows of the files, blank lines and headers not counted.
    added, changed, unchanged : int
        What became of the rows that were accepted.
    gone : int
        Tracks that no file has any more; their rows end with this revision.
    refused : int
        Rows that were not accepted. A track whose row was refused stays as it was.
    revision : int or None
        What made it visible; None if there was nothing to make visible.
    withheld : bool
        Whether nothing was imported because rows were refused and all had to be good.
    refusals : tuple of Refusal
        The first of the refused rows.
    warned : int
        How much is wrong with rows that were imported nevertheless.
    warnings : tuple of Refusal
        The first of that.
    vanished : tuple of str
        The first keys of those gone.
    incomplete : bool
        Whether a folder could not be looked into, so that nothing was taken for gone.
    audio_root, audio_root_before : str or None
        Where the audio of the dataset lies now, and where it was said to lie before, if elsewhere. None: nobody said.
    mapping : Mapping
        What the columns were taken for; `Mapping.guessed` says whether anybody said so.
    longest_write_s : float
        The longest time for which the database was held.
    """

    dataset: str
    read: int
    added: int
    changed: int
    unchanged: int
    gone: int
    refused: int
    revision: int | None
    withheld: bool
    refusals: tuple[Refusal, ...]
    warned: int
    warnings: tuple[Refusal, ...]
    vanished: tuple[str, ...]
    incomplete: bool
    audio_root: str | None
    audio_root_before: str | None
    mapping: Mapping
    longest_write_s: float
