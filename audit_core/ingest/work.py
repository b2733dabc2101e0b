"""An import at work: blocks of rows are compared with what the dataset has, and what differs is written."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select

from audit_core.audio.tables import audio_roots
from audit_core.catalogue.leases import Lease
from audit_core.catalogue.members import among
from audit_core.catalogue.revisions import dataset_id, open_revision, publish
from audit_core.catalogue.store import Store
from audit_core.catalogue.tables import FOREVER, tracks
from audit_core.clock import Clock
from audit_core.errors import IngestError, Location
from audit_core.ingest import terms
from audit_core.ingest.block import Block, Format, Options, Refusal
from audit_core.ingest.jsonlines import JsonLines
from audit_core.ingest.mapping import Mapping
from audit_core.ingest.report import ImportReport, Progress
from audit_core.ingest.rows import NoKey, Plan, Row
from audit_core.ingest.seen import Seen
from audit_core.ingest.values import BadValue
from audit_core.ingest.writing import Batch, Writing
from audit_core.ledger.chain import Via, append
from audit_core.ledger.imports import closed_sha256, opened
from audit_core.ledger.pace import Pace
from audit_core.wording import quoted, writable

__all__ = ["Opening", "Work"]

_TOLD: Final = 100


@dataclass(frozen=True, slots=True)
class Opening:
    """What a revision is opened with: into which dataset, by whom, from what, and a clock for when.

    `audio_root` is where the paths of its audio begin; None leaves it as it was.
    """

    dataset: str
    actor: str
    origin: str
    clock: Clock
    audio_root: str | None = None


class Work:
    """One import, from its first block to the row that makes it visible.

    Parameters
    ----------
    store : Store
        The database.
    lease : Lease
        Of the import, confirmed with every write.
    mapping : Mapping
        What the columns mean.
    opening : Opening
        For the revision, which is opened when there is something to write.
    tell : callable
        Told how far it is.
    """

    def __init__(
        self, store: Store, lease: Lease, mapping: Mapping, opening: Opening, tell: Callable[[Progress], None]
    ) -> None:
        self.read_rows = self.added = self.changed = self.unchanged = self.gone = self.refused = self.warned = 0
        self._store, self._lease, self._mapping, self._opening, self._tell = store, lease, mapping, opening, tell
        self._refusals: list[Refusal] = []
        self._warnings: list[Refusal] = []
        self._vanished: list[str] = []
        self._kept: set[int] = set()
        self._pace = Pace()
        self._opened_rows = hashlib.sha256()
        self._plan: Plan | None = None
        self._revision: int | None = None
        with store.read() as connection:
            self._dataset = dataset_id(connection, opening.dataset)
            lowest, highest = connection.execute(
                select(func.min(tracks.c.id), func.max(tracks.c.id)).where(self._open_rows())
            ).one()
            newest = connection.execute(select(func.max(tracks.c.id))).scalar() or 0
            self._seen = Seen(lowest or 1, highest or 0, newest + 1)
            self._first_new = newest + 1
            self._writing = Writing(connection)
            self._terms_differ = terms.differ(connection, mapping.source)
            known_root = select(audio_roots.c.url).where(audio_roots.c.dataset_id == self._dataset)
            self._root_before = connection.execute(known_root).scalar()

    @property
    def accepted(self) -> int:
        """How many rows were not refused."""
        return self.added + self.changed + self.unchanged

    @property
    def differs(self) -> bool:
        """Whether there is anything to publish."""
        return self._revision is not None or ((self._terms_differ or self.moved) and self.accepted > 0)

    @property
    def moved(self) -> bool:
        """Whether the audio lies elsewhere than where it was said to lie before, if anybody had said."""
        return self._opening.audio_root not in (None, self._root_before)

    @property
    def root_before(self) -> str | None:
        """Where the audio was said to lie before."""
        return self._root_before

    def read(self, path: Path, format_: Format) -> None:
        """Take in a file."""
        file = writable(str(path))
        self._seen.open(file)
        total, before = format_.size(path), self.read_rows
        options = Options(
            encoding=self._mapping.encoding or "utf-8",
            delimiter=self._mapping.delimiter,
            lists=self._mapping.lists,
            size=lambda: self._pace.size,
        )
        by_row = isinstance(format_, JsonLines)
        columns: tuple[str, ...] = ()
        for block in format_.blocks(path, options):
            columns = block.columns
            if self._plan is None or self._plan.columns != columns:
                self._plan = Plan(self._mapping, columns, file, open_ended=by_row or self._mapping.guessed)
            self._take(file, self._plan, block)
            self._tell(Progress("reading", file, self.read_rows - before, block.position, total))
        if by_row and not self._mapping.guessed:
            Plan(self._mapping, columns, file)  # a column that no object had is a slip of the mapping

    def close_vanished(self) -> None:
        """Let the tracks end that no file has any more."""
        numbers = array("q")
        with self._store.read() as connection:
            known = select(tracks.c.id).where(self._open_rows(), tracks.c.id < self._first_new)
            for number in connection.execute(known, execution_options={"yield_per": 10_000}).scalars():
                if self._seen.place(number) is None and number not in self._kept:
                    numbers.append(number)
            first = select(tracks.c.key).where(tracks.c.id.in_(numbers[:_TOLD].tolist())).order_by(tracks.c.key)
            self._vanished += connection.execute(first).scalars()
        while self.gone < len(numbers):
            _, revision = self._opened()
            batch = Batch(ended=numbers[self.gone : self.gone + self._pace.size].tolist())
            with self._pace.write(self._store) as connection:
                self._lease.confirm(connection)
                self._writing.write(connection, batch, revision)
            self.gone += len(batch.ended)
            self._tell(Progress("closing", rows=self.gone, done=self.gone, total=len(numbers)))

    def publish(self, files: Sequence[dict[str, Any]], via: Via, *, partial: bool) -> None:
        """Make all of it visible, and say so in the ledger: one transaction."""
        at = self._opening.clock()
        counts = {
            "read": self.read_rows,
            "added": self.added,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "gone": self.gone,
            "refused": self.refused,
        }
        dataset, revision = self._opened()
        with self._store.read() as connection:
            closed = closed_sha256(connection, dataset, revision)
        with self._pace.write(self._store) as connection:
            self._lease.confirm(connection)
            if self._mapping.source is not None and self._terms_differ:
                terms.write(connection, self._mapping.source, revision)
            if self.moved:
                _move(connection, dataset, str(self._opening.audio_root))
            publish(connection, revision, counts=counts, at=at)
            append(
                connection,
                kind="import",
                actor=self._opening.actor,
                via=via,
                at=at,
                payload={
                    "dataset": self._opening.dataset,
                    "revision": revision,
                    "counts": counts,
                    "files": list(files),
                    "mapping": {
                        "name": self._mapping.name,
                        "sha256": hashlib.sha256(self._mapping.text.encode()).hexdigest(),
                    },
                    "partial": partial,
                    **({"audio_root": self._opening.audio_root} if self._opening.audio_root else {}),
                    "opened_sha256": self._opened_rows.hexdigest(),
                    "closed_sha256": closed,
                },
            )

    def report(self, *, nothing_done: bool, incomplete: bool = False) -> ImportReport:
        """Say what was done."""
        return ImportReport(
            dataset=self._opening.dataset,
            read=self.read_rows,
            added=0 if nothing_done else self.added,
            changed=0 if nothing_done else self.changed,
            unchanged=0 if nothing_done else self.unchanged,
            gone=0 if nothing_done else self.gone,
            refused=self.refused,
            revision=None if nothing_done else self._revision,
            withheld=nothing_done,
            refusals=tuple(self._refusals),
            warned=self.warned,
            warnings=tuple(self._warnings),
            vanished=() if nothing_done else tuple(self._vanished),
            incomplete=incomplete,
            audio_root=self._root_before if nothing_done else self._opening.audio_root or self._root_before,
            audio_root_before=self._root_before if self.moved and not nothing_done else None,
            mapping=self._mapping,
            longest_write_s=self._pace.longest_s,
        )

    def _take(self, file: str, plan: Plan, block: Block) -> None:
        rows: list[Row] = []
        refused = [(line, reason) for line, reason, _ in block.refused]
        refused_keys = [key for _, _, cells in block.refused if (key := plan.key(cells))]
        for line, cells in zip(block.lines, block.rows, strict=True):
            try:
                rows.append(plan.row(line, cells))
            except BadValue as wrong:
                if self._mapping.guessed and isinstance(wrong, NoKey):
                    raise self._no_key(str(wrong), file, line) from wrong
                refused.append((line, str(wrong)))
                refused_keys += filter(None, [plan.key(cells)])
        self.read_rows += len(block.rows) + len(block.refused)
        known = self._known([*(row.key for row in rows), *refused_keys])
        self._kept.update(known[key][0] for key in refused_keys if key in known)
        new, ended, repeated = self._compared(file, rows, known)
        self._refuse([(block.at.get(line, Location(file, line)), why) for line, why in sorted(refused + repeated)])
        self._warn(block.warned)
        self._write(plan, new, ended)

    def _known(self, keys: Sequence[str]) -> dict[str, tuple[int, bytes]]:
        """Look up what the dataset has under some keys, what this import wrote included."""
        if self._dataset is None or not keys:
            return {}
        wanted = select(tracks.c.key, tracks.c.id, tracks.c.row_hash).where(
            self._open_rows(), among(tracks.c.key, keys)
        )
        with self._store.read() as connection:
            return {key: (number, digest) for key, number, digest in connection.execute(wanted)}

    def _compared(
        self, file: str, rows: Sequence[Row], known: dict[str, tuple[int, bytes]]
    ) -> tuple[list[tuple[int, Row]], list[int], list[tuple[int, str]]]:
        """Sort out which rows are to be written, under which numbers, which earlier ones end, and which came before."""
        seen = self._seen
        new: list[tuple[int, Row]] = []
        ended: list[int] = []
        repeated: list[tuple[int, str]] = []
        for row in rows:
            found = known.get(row.key)
            if found is None:
                self.added += 1
            else:
                number, digest = found
                first = seen.place(number)
                if first is not None:
                    repeated.append((row.line, self._repeated(file, row, *first)))
                    continue
                seen.meet(row.line, number)
                if digest == row.hash:
                    self.unchanged += 1
                    continue
                self.changed += 1
                ended.append(number)
            number = seen.meet(row.line)
            known[row.key] = number, row.hash
            new.append((number, row))
        return new, ended, repeated

    def _write(self, plan: Plan, new: Sequence[tuple[int, Row]], ended: Sequence[int]) -> None:
        if new or ended:
            dataset, revision = self._opened()
            with self._store.read() as connection:
                batch = self._writing.batch(connection, plan, new, dataset, revision)
                batch.ended = ended
            with self._pace.write(self._store) as connection:
                self._lease.confirm(connection)
                self._writing.write(connection, batch, revision)
            self._opened_rows.update(opened((row.key, row.hash) for _, row in new))

    def _opened(self) -> tuple[int, int]:
        """Give the numbers of the dataset and of the revision, which is opened when first asked for."""
        if self._dataset is None or self._revision is None:
            opening = self._opening
            with self._store.write() as connection:
                self._lease.confirm(connection)
                self._dataset, self._revision = open_revision(
                    connection, opening.dataset, actor=opening.actor, origin=opening.origin, at=opening.clock()
                )
        return self._dataset, self._revision

    def _open_rows(self) -> Any:
        return (tracks.c.dataset_id == self._dataset) & (tracks.c.to_rev == FOREVER)

    def _repeated(self, file: str, row: Row, first_file: str, first_line: int) -> str:
        where = f"line {first_line}" if first_file == file else f"{first_file}, line {first_line}"
        what = f"the key {quoted(row.key)} is in {where} already"
        if self._mapping.guessed:
            raise self._no_key(what, file, row.line)
        return what

    def _refuse(self, refused: Sequence[tuple[Location, str]]) -> None:
        self.refused += len(refused)
        room = _TOLD - len(self._refusals)
        self._refusals += (Refusal(at.file, at.line, reason) for at, reason in refused[:room])

    def _warn(self, warned: Sequence[tuple[Location, str]]) -> None:
        self.warned += len(warned)
        room = _TOLD - len(self._warnings)
        self._warnings += (Refusal(at.file, at.line, reason) for at, reason in warned[:room])

    def _no_key(self, what: str, file: str, line: int) -> IngestError:
        guess = self._mapping.key[0].name
        return IngestError(
            f'{what}: the column "{guess}" was guessed to be the key, and is none',
            at=Location(file, line),
            mend="Say in a mapping which column is unique and never blank: `key: COLUMN`, or several: `key: [A, B]`.",
        )


def _move(connection: Connection, dataset: int, root: str) -> None:
    connection.execute(delete(audio_roots).where(audio_roots.c.dataset_id == dataset))
    connection.execute(insert(audio_roots).values(dataset_id=dataset, url=root))
