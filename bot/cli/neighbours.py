"""`cratecheck neighbours`: which files hold the same."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from audit_core.errors import CratecheckError
from bot.cli.exit_codes import ExitCode
from bot.cli.output import Format, FormatOption, RowFormat, RowFormatOption, clean, say, show_rows, show_value
from bot.cli.workspaces import ActorOption, WorkspaceOption, opened
from bot.people import identified

if TYPE_CHECKING:
    from audit_core.catalogue.store import Store
    from audit_core.neighbours.calibration import Calibration
    from audit_core.neighbours.pairs import FilePair
    from audit_core.neighbours.publishing import Comparison
    from audit_core.settings import Settings

__all__ = ["add_to"]

_COLUMNS = ("file_a", "file_b", "score", "offset_a", "offset_b", "overlap_s", "tempo", "pitch", "kind")
_DECIMALS = {"score": 1, "offset_a": 3, "offset_b": 3, "overlap_s": 3, "tempo": 5, "pitch": 3}
_QUERY = "--query"
_VERSION = "version"


class _Group(TyperGroup):
    """Takes all files that follow --query, as a shell writes `*.mp3`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, list(_spread(args)))


def _spread(args: Iterable[str]) -> Iterable[str]:
    asking = named = False
    for arg in [*args, ""]:
        if asking and not named and (not arg or arg.startswith("-")):
            raise CratecheckError("--query names no file", mend="Name one or more, or folders of them.")
        if not arg:
            continue
        if arg.startswith("-") and arg != "-":
            asking, named = arg == _QUERY, False
            if not asking:
                yield arg
        elif asking:
            named = True
            yield from (_QUERY, arg)
        else:
            yield arg


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(cls=_Group, invoke_without_command=True, rich_markup_mode=None)
    group.callback()(neighbours)
    group.command()(calibrate)
    app.add_typer(group, name="neighbours")


def neighbours(
    context: typer.Context,
    actor: ActorOption,
    query: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE...",
            help="Files, or folders of them, to be held against the catalogue; they need not be in it.",
        ),
    ] = None,
    dataset: Annotated[
        list[str] | None, typer.Option(help="Only files of this dataset. May be said several times.")
    ] = None,
    candidates: Annotated[
        bool, typer.Option("--candidates", help="List pairs below the threshold too: they are for ears.")
    ] = False,
    versions: Annotated[
        bool,
        typer.Option("--versions", help="List what may be versions of one work too: live, cover, remix. For ears."),
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Compare everything anew, not only what is new.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Processes that hear the queries.")] = os.cpu_count() or 1,
    workspace: WorkspaceOption = Path(),
    style: RowFormatOption = RowFormat.TABLE,
) -> int:
    """List the files that hold the same audio: re-encodes, remasters, excerpts, at another speed or pitch.

    What was scanned since the last time is compared with all that is there; what matches becomes one recording.
    A row tells one stretch: where it begins in either file, how long it lasts in the first, the second's tempo (in
    seconds of b to a second of a) and pitch (in semitones above a), and what b is to a. The score is the decimal
    exponent of the odds against chance, 9999 for the very same audio. Files that hold the very same audio are listed
    beside the first of them. What --versions lists has a similarity, 1 at most, in place of a score.

    With --query nothing is compared but the files that follow, and nothing is written.

    Example: cratecheck neighbours

    Example: cratecheck neighbours --query generated/*.mp3 --format csv > found.csv

    Exit status: 0; 1 if a query could not be heard; 2 and 3 as everywhere.
    """
    if context.invoked_subcommand is not None:
        return ExitCode.CLEAN
    with opened(workspace) as (settings, store):
        _demand_datasets(store, dataset or ())
        if query:
            found, unheard = _queried(settings, store, query, dataset or (), candidates, jobs)
            _list(found, style, "none of these files shares audio with the catalogue", len(dataset or ()) == 1)
            return ExitCode.BAD_ANSWER if unheard else ExitCode.CLEAN
        found = _compared(settings, store, actor, dataset or (), candidates, versions, again)
        _list(found, style, "no two files share audio", len(dataset or ()) == 1)
    return ExitCode.CLEAN


def calibrate(
    actor: ActorOption,
    pairs: Annotated[int, typer.Option(min=100, help="How many wrong pairs are scored at most.")] = 20_000,
    seed: Annotated[int, typer.Option(min=0, help="Chooses files and pairs; the same gives the same.")] = 0,
    workspace: WorkspaceOption = Path(),
    style: FormatOption = Format.TABLE,
) -> int:
    """Say how many false pairs to expect among the files compared, by pairs of theirs that are known to be wrong.

    Wrong are pairs that don't match, are of no one recording, and have no artist, album, work or title in common. They
    go through the comparison like any other; the tail of their scores is extended to the threshold, and to all pairs of
    the catalogue. The answer is kept, with its date: `cratecheck neighbours` and `cratecheck status` quote it.

    Example: cratecheck neighbours calibrate

    Exit status: 0; 1 if there are too few files or pairs for any answer, or 0.1 false pairs or more are to be expected.
    """
    from audit_core.audio.cache import FeatureCache
    from audit_core.neighbours.calibrating import TooLittle
    from audit_core.neighbours.calibrating import calibrate as calibrated
    from audit_core.neighbours.calibration import AIM
    from bot.cli.progress import stages

    with opened(workspace) as (settings, store), FeatureCache(settings.features) as cache, stages() as tell:
        settings.features.mkdir(parents=True, exist_ok=True)
        who = identified(actor, settings.people)
        made = calibrated(store, cache, actor=who, via="cli", pairs=pairs, seed=seed, progress=tell)
    if style is Format.JSON:
        show_value({"answer": None, **asdict(made)} if isinstance(made, TooLittle) else asdict(made))
    elif isinstance(made, TooLittle):
        say(str(made))
    else:
        _say_calibration(made)
    if isinstance(made, TooLittle) or made.expected_false >= AIM:
        return ExitCode.BAD_ANSWER
    return ExitCode.CLEAN


def _say_calibration(made: Calibration) -> None:
    from audit_core.neighbours.calibration import AIM, spelled

    expected, low, high = (spelled(one) for one in (made.expected_false, made.expected_low, made.expected_high))
    bound = "at most " if made.fit["upper_bound"] else ""
    say(f"expected false pairs  {bound}{expected} at score {made.threshold:g} (95 %: {low} to {high})")
    say(f"among                 {made.fit['pairs']:,} pairs of {made.files:,} files")
    say(f"wrong pairs           {made.wrong_pairs:,}, of which {made.fit['scored']:,} were scored")
    say(
        f"tail                  {made.fit['exceeding']:,} pairs above score {made.fit['begins']:.1f}, fewer by a factor"
        f" of e each {made.fit['scale']:.2f}; {made.fit['above_candidate_threshold']:,} of them candidates"
    )
    for files in (10_000, 100_000):
        if files > made.files:
            more = ", ".join(spelled(one) for one in made.among(files))
            say(f"among {files:>7,} files   {bound}{more} (expected, low, high), were they of the same sort")
    if made.expected_false >= AIM:
        say(f"{AIM:g} is what is aimed at: from score {made.fit['safe_threshold']:g} on, fewer are to be expected.")


def _compared(
    settings: Settings,
    store: Store,
    actor: str,
    datasets: Sequence[str],
    candidates: bool,
    versions: bool,
    again: bool,
) -> list[FilePair]:
    from audit_core.audio.cache import FeatureCache
    from audit_core.audio.embedders import embedder_named
    from audit_core.audio.embedding import EmbeddingExtractor
    from audit_core.catalogue.snapshot import Snapshot, latest_revision
    from audit_core.clock import utc_now
    from audit_core.neighbours.calibration import quoted_calibration
    from audit_core.neighbours.comparing import compare
    from audit_core.neighbours.pairs import pairs, version_pairs
    from audit_core.neighbours.versioning import find_versions
    from bot.cli.progress import stages

    embedder = EmbeddingExtractor(embedder_named(settings.embedder, settings.embedder_model)).version
    with FeatureCache(settings.features) as cache, stages() as tell:
        who = identified(actor, settings.people)
        comparison = compare(store, cache, actor=who, via="cli", again=again, progress=tell)
        alike = find_versions(store, cache, embedder, actor=who, via="cli", progress=tell)
    _summarise(comparison)
    if alike:
        sys.stderr.write(f"{alike:,} pairs may be versions of one work: see --versions\n")
    with store.read() as connection:
        now = Snapshot(latest_revision(connection), utc_now())
        if (said := quoted_calibration(connection, now)) is not None:
            sys.stderr.write(f"{said}\n")
        found = list(pairs(connection, now, within=datasets, candidates=candidates))
        return [*found, *version_pairs(connection, now, within=datasets)] if versions else found


def _summarise(done: Comparison) -> None:
    sys.stderr.write(
        f"{done.files:,} compared, {done.new:,} of them now: {done.matches:,} pairs share audio,"
        f" {done.candidates:,} more may; {done.recordings:,} recordings lie in several files\n"
    )
    if not done.files and not done.unheard:
        raise CratecheckError("nothing was heard yet, so there is nothing to compare", mend="Run `cratecheck scan`.")
    if done.unheard:
        are = "1 file has" if done.unheard == 1 else f"{done.unheard:,} files have"
        sys.stderr.write(f"{are} no fingerprint, and nothing is known of what it may share: see `cratecheck scan`\n")


def _queried(
    settings: Settings, store: Store, query: Sequence[Path], datasets: Sequence[str], candidates: bool, jobs: int
) -> tuple[list[FilePair], int]:
    from audit_core.audio.cache import FeatureCache
    from audit_core.catalogue.snapshot import Snapshot, latest_revision
    from audit_core.clock import utc_now
    from audit_core.neighbours.querying import Listened, Unheard, listened, queried
    from audit_core.neighbours.scratch import scratch
    from bot.cli.progress import progress, stages

    paths = list(_files(query))
    if not paths:
        raise CratecheckError("no file of sound follows --query", mend="Name one or more, or folders of them.")
    with progress("hearing") as advance:
        heard = listened(paths, jobs=jobs, progress=advance)
    unheard = [one for one in heard if isinstance(one, Unheard)]
    for one in unheard:
        sys.stderr.write(f"{clean(one.path)}: {clean(one.reason)}\n")
    asked = [one for one in heard if isinstance(one, Listened)]
    settings.features.mkdir(parents=True, exist_ok=True)
    with (
        store.read() as connection,
        FeatureCache(settings.features) as cache,
        scratch(settings.features, "query-") as folder,
        stages() as tell,
    ):
        now = Snapshot(latest_revision(connection), utc_now())
        found = queried(
            connection,
            now,
            cache,
            asked,
            folder=folder,
            datasets=datasets,
            candidates=candidates,
            progress=tell,
        )
        return list(found), len(unheard)


def _files(query: Sequence[Path]) -> Iterable[Path]:
    from audit_core.audio.files import Root
    from audit_core.ingest.tags import AUDIO

    for path in query:
        if path.is_dir():
            yield from (path / name for name in Root(path).walk() if Path(name).suffix.lower() in AUDIO)
        elif path.exists():
            yield path
        else:
            raise CratecheckError(f"there is no file {clean(path)}", mend="See what follows --query.")


def _demand_datasets(store: Store, names: Sequence[str]) -> None:
    from sqlalchemy import select

    from audit_core.catalogue.tables import datasets
    from audit_core.wording import did_you_mean, quoted

    if not names:
        return
    with store.read() as connection:
        known = list(connection.scalars(select(datasets.c.name).order_by(datasets.c.name)))
    for name in names:
        if name not in known:
            raise CratecheckError(f"there is no dataset {quoted(name)}", mend=did_you_mean(name, known))


def _list(found: Sequence[FilePair], style: RowFormat, empty: str, one_dataset: bool) -> None:
    several = not one_dataset and len({name for one in found for name in (one.dataset_a, one.dataset_b) if name}) > 1
    rows = []
    for one in found:
        row = asdict(one)
        for name, decimals in _DECIMALS.items():
            row[name] = round(row[name], 3 if one.kind == _VERSION else decimals)
        if several and style is not RowFormat.JSON:
            for side in ("a", "b"):
                if row[f"dataset_{side}"]:
                    row[f"file_{side}"] = f"{row[f'dataset_{side}']}:{row[f'file_{side}']}"
        if one.candidate and style is RowFormat.TABLE:
            row["kind"] += " (candidate)"
        rows.append(row)
    show_rows(rows, _COLUMNS, style, empty=empty)
