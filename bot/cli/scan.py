"""`cratecheck scan`: hear the audio that the catalogue's tracks name."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from audit_core.errors import CratecheckError
from bot.cli.exit_codes import ExitCode
from bot.cli.output import Format, FormatOption, clean, say, show_value
from bot.cli.workspaces import ActorOption, WorkspaceOption, opened

if TYPE_CHECKING:
    from audit_core.audio.files import Root
    from audit_core.audio.scan import Progress, ScanReport
    from audit_core.catalogue.store import Store
    from audit_core.settings import Settings

__all__ = ["add_to"]

_NAMED = 5  # files of each problem
_EVERY_S = 30.0  # a line of progress, where no person watches


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(scan)


def scan(
    actor: ActorOption,
    dataset: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A dataset; may be given again. Else: all of them.")
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,NAME", help="What to find, and nothing else: fingerprint, integrity, loudness, pcm."
        ),
    ] = None,
    jobs: Annotated[int, typer.Option(min=0, help="How many processes.", show_default="0: one for each core")] = 0,
    timeout: Annotated[float, typer.Option(min=0.1, help="How many seconds a file may take.")] = 300.0,
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="Read files again that seem unchanged, and try those again that could not be heard."
        ),
    ] = False,
    workspace: WorkspaceOption = Path(),
    style: FormatOption = Format.TABLE,
) -> int:
    """Hear the audio of the catalogue's tracks: hashes, true durations, integrity, fingerprints, embeddings.

    Files that have not changed since the last scan are not read; of sound that is known already nothing is
    decoded. A file that can't be heard is reported with its reason and stops no other. A scan that ends early,
    by Ctrl-C, a crash or a full disk, goes on from there when it is started again.

    Example: cratecheck scan --dataset train-2026 --only fingerprint

    Exit status: 0; 1 if files could not be heard; 2 if nothing could be scanned; 3 if the disk is full; 130 if it was
    interrupted.
    """
    with opened(workspace) as (settings, store), _shown() as (tell, tell_note), _until_interrupted(tell_note) as stop:
        roots, without = _roots(store, settings, dataset)
        tell_note("looking at the files of " + ", ".join(roots))
        from audit_core.audio.extractors import extractors
        from audit_core.audio.scan import Options
        from audit_core.audio.scan import scan as heard

        options = Options(only=_chosen(only), jobs=jobs, timeout_s=timeout, again=again)
        registry = partial(extractors, settings.embedder, settings.embedder_model)
        report = heard(
            store, roots, settings.features, options, actor=actor, via="cli", registry=registry, stop=stop, tell=tell
        )
        bare = _without_path(store, roots)
    if style is Format.JSON:
        show_value(_as_dict(report, bare, without))
    else:
        _tell(report, bare, without)
    if report.interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.BAD_ANSWER if report.problems else ExitCode.CLEAN


def _chosen(only: str | None) -> list[str]:
    from audit_core.audio.extractors import EXTRACTORS
    from audit_core.wording import did_you_mean, quoted

    names = [name.strip() for name in (only or "").split(",") if name.strip()]
    known = [*EXTRACTORS, "pcm"]
    for name in names:
        if name not in known:
            raise CratecheckError(f"nothing is called {quoted(name)}", mend=did_you_mean(name, known))
    if only is not None and not names:
        raise CratecheckError("--only names nothing", mend=did_you_mean("", known))
    return names


def _roots(store: Store, settings: Settings, chosen: list[str] | None) -> tuple[dict[str, Root], list[str]]:
    """Find where the audio of the datasets lies; name those of which nobody says."""
    from audit_core.audio.files import root_of
    from audit_core.catalogue.snapshot import Snapshot, latest_revision
    from audit_core.clock import utc_now
    from audit_core.wording import did_you_mean, quoted

    with store.read() as connection:
        snapshot = Snapshot(latest_revision(connection), utc_now())
        known = [row.name for row in connection.execute(snapshot.datasets())]
        for name in chosen or []:
            if name not in known:
                raise CratecheckError(f"there is no dataset {quoted(name)}", mend=did_you_mean(name, known or ["none"]))
        found = {name: root_of(connection, settings, name) for name in dict.fromkeys(chosen or known)}
    roots = {name: root for name, root in found.items() if root is not None}
    without = [name for name in found if name not in roots]
    if not roots:
        what = f"nobody says where the audio of {', '.join(without)} lies" if without else "the catalogue is empty"
        raise CratecheckError(what, mend=_WHERE if without else "Import something first: `cratecheck import --help`.")
    return roots, without


_WHERE = (
    "Import with --audio-root FOLDER, or say it in cratecheck.toml, under [audio], by a line such as"
    ' crate = "/srv/music".'
)


def _without_path(store: Store, roots: dict[str, Root]) -> dict[str, int]:
    from audit_core.audio.wanted import without_path
    from audit_core.catalogue.revisions import dataset_id
    from audit_core.clock import utc_now

    with store.read() as connection:
        numbers = {name: dataset_id(connection, name) for name in roots}
        counts = {n: without_path(connection, number, utc_now) for n, number in numbers.items() if number is not None}
    return {name: count for name, count in counts.items() if count}


@contextmanager
def _until_interrupted(note: Callable[[str], None]) -> Iterator[Callable[[], bool]]:
    """Give what tells whether somebody wants it to end; who says so twice does not wait."""
    asked = False

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    except KeyboardInterrupt:
        note("ended at once; what was not published is heard again by the next scan, most of it from what is kept")
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _shown() -> Iterator[tuple[Callable[[Progress], None], Callable[[str], None]]]:
    """Show how far it is: a line that changes where a person watches, else a line now and then."""
    watched = sys.stderr.isatty()
    last = 0.0

    def note(text: str) -> None:
        sys.stderr.write(f"{_CLEAR if watched else ''}{clean(text)}\n")
        sys.stderr.flush()

    def tell(progress: Progress) -> None:
        nonlocal last
        if progress.note is not None:
            note(progress.note)
        elif progress.elapsed_s - last >= (0.2 if watched else _EVERY_S):
            last = progress.elapsed_s
            line = _line(progress)
            sys.stderr.write(f"{_CLEAR}{line}" if watched else f"{line}\n")
            sys.stderr.flush()

    try:
        yield tell, note
    finally:
        if watched:
            sys.stderr.write(_CLEAR)


_CLEAR = "\r\x1b[K"


def _line(progress: Progress) -> str:
    left = ""
    if progress.done and progress.total > progress.done:
        seconds = progress.elapsed_s * (progress.total - progress.done) / progress.done
        left = f", {_duration(seconds)} left"
    speed = progress.audio_s / progress.elapsed_s if progress.elapsed_s else 0
    problems = f", {progress.problems:,} problems" if progress.problems else ""
    return f"{progress.done:,} of {progress.total:,} files, {speed:,.0f} × real time{left}{problems}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def _as_dict(report: ScanReport, bare: dict[str, int], without: list[str]) -> dict[str, object]:
    return {
        "heard": report.heard,
        "reused": report.reused,
        "unchanged": report.unchanged,
        "problems": dict(sorted(report.problems.items())),
        "files": [
            {"dataset": one.dataset, "path": one.path, "problem": one.problem, "reason": one.reason}
            for one in report.troubles
        ],
        "audio_s": round(report.audio_s, 3),
        "elapsed_s": round(report.elapsed_s, 3),
        "cpu_s": round(report.cpu_s, 3),
        "revisions": report.revisions,
        "interrupted": report.interrupted,
        "tracks_without_path": bare,
        "datasets_without_root": without,
    }


def _tell(report: ScanReport, bare: dict[str, int], without: list[str]) -> None:
    speed = report.audio_s / report.elapsed_s if report.elapsed_s else 0
    sound = f"  {_duration(report.audio_s)} of sound, {speed:,.0f} × real time" if report.heard else ""
    say(f"    heard  {report.heard:>10,}{sound}")
    say(f"   reused  {report.reused:>10,}")
    say(f"unchanged  {report.unchanged:>10,}")
    say(f" problems  {report.problems.total():>10,}")
    for problem, count in sorted(report.problems.items()):
        say(f"{problem}: {count:,}")
        for one in [one for one in report.troubles if one.problem == problem][:_NAMED]:
            say(f"  {one.dataset}/{one.path}: {one.reason}")
        if count > _NAMED:
            say("  …")
    for name, count in bare.items():
        say(
            f"{count:,} tracks of {name} name no audio file: import them with a mapping that has an asset of role audio"
        )
    if without:
        say(f"not scanned, for nobody says where their audio lies: {', '.join(without)}. {_WHERE}")
    if report.revisions:
        say(f"published as revision {', '.join(map(str, report.revisions))}")
    else:
        say("nothing changed: no new revision")
    if report.interrupted:
        say("It ended early. Start it again, and it goes on from there.")
