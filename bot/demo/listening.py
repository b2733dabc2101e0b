"""A folder of audio, from files to recordings: imported, heard, and compared with all that was heard before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from audit_core.catalogue.store import Store
from audit_core.clock import Clock, utc_now
from audit_core.settings import Settings
from audit_core.wording import listed

__all__ = ["Tell", "listen"]

Tell = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much."""


def listen(
    store: Store,
    settings: Settings,
    folder: Path,
    dataset: str,
    *,
    actor: str,
    say: Callable[[str], None],
    tell: Tell,
    clock: Clock = utc_now,
) -> None:
    """Bring a folder of audio into a dataset and hear it; what is known already costs a look at each file.

    Parameters
    ----------
    store : Store
        The database.
    settings : Settings
        Of the workspace, which keeps what was heard.
    folder : Path
        Its folders' names tell the splits, where they do.
    dataset : str
        What it is called in the catalogue.
    actor : str
        Who does it.
    say, tell : callable
        Told what came of each step, and how far it is.
    clock : Clock
        What time it is.

    Raises
    ------
    IngestError
        If there is no audio in the folder.
    AudioError
        If the folder can't be listed.
    """
    from audit_core.audio.cache import FeatureCache
    from audit_core.audio.files import Root
    from audit_core.audio.scan import Options, scan
    from audit_core.ingest.importer import import_folder
    from audit_core.neighbours.comparing import compare

    root = Root(folder)
    report = import_folder(
        store,
        root,
        dataset=dataset,
        actor=actor,
        via="cli",
        splits=True,
        clock=clock,
        progress=lambda now: tell("reading tags", now.done, now.total),
    )
    say(f"imported {dataset}: {report.read:,} files of audio")
    heard = scan(
        store,
        {dataset: root},
        settings.features,
        Options(),
        actor=actor,
        via="cli",
        clock=clock,
        tell=lambda now: tell(now.note or "listening", now.done, now.total),
    )
    known = f", {heard.unchanged:,} known before" if heard.unchanged else ""
    say(f"heard {heard.heard + heard.reused:,} files, {heard.audio_s / 60:,.0f} minutes of sound{known}")
    if heard.problems:
        some = listed([trouble.path for trouble in heard.troubles[:3]])
        say(f"{heard.problems.total():,} files could not be heard, such as {some}: the audit says why")
    with FeatureCache(settings.features) as cache:
        found = compare(store, cache, actor=actor, via="cli", clock=clock, progress=tell)
    say(f"compared {found.files:,} files: {found.matches:,} pairs share audio")
