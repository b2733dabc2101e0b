"""A catalogue for a moment: what examples give, in a database in memory, to be judged as any catalogue is.

All examples of a run are planted at once, in few statements. Each is a revision of its own, in datasets of its own,
and the names of files and of audio are kept apart, so that none sees another.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection, Table, create_engine, insert

from audit_core.audio.tables import audio_files
from audit_core.catalogue.columns_of_fields import BETWEEN_VALUES, GROUPED
from audit_core.catalogue.fields import FIELDS
from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.spelling import folded
from audit_core.catalogue.tables import (
    assets,
    checksums,
    datasets,
    group_values,
    licences,
    source_terms,
    sources,
    track_groups,
    tracks,
)
from audit_core.neighbours.tables import (
    audio_matches,
    compared,
    recording_members,
    recordings,
    separations,
    version_candidates,
)
from rules.examples.given import DATASET, NUMBER, Given
from rules.examples.scratch_audio import measured
from rules.examples.words import HEARD
from rules.scope import DatasetRow, Scope

__all__ = ["planted", "scratch"]

_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
_TERMS: Final = "licence_of_source"
_NO_HASH: Final = bytes(32)
_ALGORITHM: Final = "sha256"  # by which a scan knows a file
_OF_SEVERAL: Final = tuple(name for name, field in FIELDS.items() if field.type == "multi")

#: What an example says of a track on which others of it depend: no number is put into it.
_SAME_EACH_TIME: Final = frozenset({*HEARD, "dataset", "source", _TERMS})

_WHOLE_MS: Final = 180_000

#: An import escapes no letter either: SQLite finds a column of one's own by how its name is written there.
_as_imported = partial(json.dumps, ensure_ascii=False)

_Pair = tuple[str, str]

# In an order in which none refers to one that comes after it.
_TABLES: Final = (
    datasets, licences, sources, source_terms, group_values, tracks, track_groups, assets, checksums, audio_files,
    recordings, recording_members, compared, audio_matches, version_candidates, separations,
)  # fmt: skip

#: The columns of a track that hold a field as it is given, by the field's name.
_COLUMNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{
            name: name
            for name in (
                "title", "album", "work", "recording", "isrc", "iswc", "language", "region", "year", "channels",
                "split", "acquired", "acquired_by",
            )
        },
        "duration": "duration_ms",
        "sample_rate": "sample_rate_hz",
    }
)  # fmt: skip


@contextmanager
def scratch() -> Iterator[Connection]:
    """Give a connection to an empty catalogue in memory, which is gone afterwards."""
    engine = create_engine("sqlite://", json_serializer=_as_imported)
    try:
        with engine.begin() as connection:
            tracks.metadata.create_all(connection, tables=_TABLES, checkfirst=False)
            yield connection
    finally:
        engine.dispose()


def planted(connection: Connection, examples: Sequence[Given]) -> list[Scope]:
    """Plant what examples give.

    Parameters
    ----------
    connection : Connection
        To a catalogue that holds nothing.
    examples : sequence of Given

    Returns
    -------
    scopes : list of Scope
        For each example, in their order, the tracks that are judged: those of its first track's dataset.
    """
    rows = _Rows()
    scopes = [_Example(rows, number, given).scope() for number, given in enumerate(examples, start=1)]
    for table in _TABLES:
        if found := rows.by_table.get(table):
            connection.execute(insert(table), found)
    return scopes


class _Rows:
    """Rows to be inserted."""

    def __init__(self) -> None:
        self.by_table: dict[Table, list[dict[str, Any]]] = defaultdict(list)
        self._numbers: dict[tuple[Table, tuple[str, ...]], int] = {}

    def add(self, table: Table, **columns: Any) -> int:
        """Add a row under the next number."""
        rows = self.by_table[table]
        rows.append({"id": len(rows) + 1, **columns})
        return len(rows)

    def bare(self, table: Table, **columns: Any) -> None:
        """Add a row that has no number."""
        self.by_table[table].append(columns)

    def named(self, table: Table, name: tuple[str, ...], /, **columns: Any) -> int:
        """Give the number of a row that is there once for all examples; add it if it is not."""
        number = self._numbers.get((table, name))
        if number is None:
            number = self._numbers[table, name] = self.add(table, **columns)
        return number


class _Example:
    """One example's rows."""

    def __init__(self, rows: _Rows, number: int, given: Given) -> None:
        self._rows = rows
        self._number = number
        self._given = given
        self._lives = {"from_rev": number, "to_rev": number + 1}
        self._datasets: dict[str, int] = {}

    def scope(self) -> Scope:
        """Add the rows, and give what is judged of them."""
        given = [dict(facts) for facts in self._given.tracks]
        for index, name in enumerate(self._given.names):
            time, place = divmod(index, len(given))
            self._add_track(_numbered(given[place], time + 1), name)
        heard = [facts for facts in given if "audio" in facts]
        if heard:
            self._add_comparison(heard)
        for source, licence in {
            (one["source"], one["licence_of_source"]) for one in given if "licence_of_source" in one
        }:
            self._rows.add(
                source_terms, source_id=self._source(source), licence_id=self._licence(licence), **self._lives
            )
        snapshot = Snapshot(self._number, _AT)
        rows = {name: DatasetRow(number, name) for name, number in sorted(self._datasets.items())}
        judged = rows[given[0].get("dataset", DATASET)]
        return Scope(judged, tuple(rows.values()), snapshot, heard=snapshot if heard else None)

    def _add_track(self, facts: Mapping[str, Any], name: str) -> None:
        dataset = facts.get("dataset", DATASET)
        if dataset not in self._datasets:
            self._datasets[dataset] = self._rows.add(datasets, name=self._own(dataset))
        own = {name.removeprefix("extra."): value for name, value in facts.items() if name.startswith("extra.")}
        own |= {"status": facts["status"]} if "status" in facts else {}
        number = self._rows.add(
            tracks,
            dataset_id=self._datasets[dataset],
            key=facts.get("key", name),
            row_hash=_NO_HASH,
            licence_id=self._licence(facts["licence"]) if "licence" in facts else None,
            source_id=self._source(facts["source"]) if "source" in facts else None,
            extra=own or None,
            **{column: facts.get(name) for name, column in _COLUMNS.items()},
            **{name: BETWEEN_VALUES.join(_several(facts.get(name))) or None for name in _OF_SEVERAL},
            **self._lives,
        )
        for field in GROUPED:
            for key, label in {folded(one): one for one in reversed(_several(facts.get(field)))}.items():
                group = self._rows.named(group_values, (field, key), field=field, key=key, label=label)
                self._rows.bare(track_groups, field=field, group_id=group, track_id=number)
        if "file" in facts or "audio" in facts:
            self._add_file(facts, number)

    def _add_file(self, facts: Mapping[str, Any], track: int) -> None:
        path = self._own(f"file of {track}") if "audio" in facts else None
        asset = self._rows.add(assets, track_id=track, role="audio", path=path)
        stated = self._own(facts["file"]) if "file" in facts else None
        if stated:
            self._rows.bare(checksums, asset_id=asset, algorithm=_ALGORITHM, value=stated, track_id=track)
        if path:
            dataset = self._datasets[facts.get("dataset", DATASET)]
            found = measured(facts)
            if found["problem"] is None:
                found |= {"sha256": stated or path, "packets": self._own(facts["audio"])}
            file = {"sha256": None, "packets": None, **found}
            self._rows.add(audio_files, dataset_id=dataset, path=path, row_hash=_NO_HASH, **file, **self._lives)

    def _add_comparison(self, heard: Sequence[Mapping[str, Any]]) -> None:
        """Add what a comparison of the audio would have found: that, and nothing else."""
        for audio in dict.fromkeys(facts["audio"] for facts in heard):
            self._rows.add(compared, packets=self._own(audio), version="1", **self._lives)
        copies = _pairs(heard, "copy_of")
        for together in _joined(copies):
            recording = self._own(f"recording of {together[0]}")
            self._rows.bare(recordings, id=recording, minted_rev=self._number)
            for audio in together:
                self._rows.add(recording_members, packets=self._own(audio), recording=recording, **self._lives)
        matches = {pair: ("excerpt", overlap) for pair, overlap in _pairs(heard, "excerpt_of").items()}
        for pair, (kind, overlap) in (matches | dict.fromkeys(copies, ("re-encode", _WHOLE_MS))).items():
            self._add_match(pair, kind, overlap / 1000)
        for pair in _pairs(heard, "version_of"):
            self._rows.add(version_candidates, **self._named(pair), embedder="chroma", similarity=0.9, **self._lives)

    def _add_match(self, pair: _Pair, kind: str, overlap_s: float) -> None:
        how = {"overlap_s": overlap_s, "tempo": 1.0, "pitch": 0.0, "score": 60.0}
        self._rows.add(
            audio_matches,
            **self._named(pair),
            **how,
            kind=kind,
            whole=kind != "excerpt",
            candidate=False,
            stretches=[{"offset_a": 0.0, "offset_b": 0.0, **how}],
            **self._lives,
        )

    def _named(self, pair: _Pair) -> dict[str, str]:
        first, second = sorted(map(self._own, pair))
        return {"packets_a": first, "packets_b": second}

    def _own(self, name: str) -> str:
        """Name a file, audio or a dataset apart from those of other examples."""
        return f"{self._number}:{name}"

    def _licence(self, text: str) -> int:
        return self._rows.named(licences, (text,), text=text)

    def _source(self, name: str) -> int:
        return self._rows.named(sources, (name,), name=name)


def _numbered(facts: Mapping[str, Any], time: int) -> dict[str, Any]:
    """Put the number of the repetition in place of ``{n}``."""

    def put(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(put(one) for one in value)
        return value.replace(NUMBER, str(time)) if isinstance(value, str) else value

    return {name: value if name in _SAME_EACH_TIME else put(value) for name, value in facts.items()}


def _several(value: Any) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (value,) if value else ()


def _pairs(heard: Iterable[Mapping[str, Any]], word: str) -> dict[_Pair, int]:
    """Give the pairs of audio that one word relates, each once, with how many milliseconds they share."""
    found: dict[_Pair, int] = {}
    for facts in heard:
        if word in facts:
            one, other = sorted((facts["audio"], facts[word]))
            found[one, other] = facts.get("overlap", 0)
    return found


def _joined(pairs: Iterable[_Pair]) -> list[list[str]]:
    """Put together what is paired, also through a third."""
    of: dict[str, list[str]] = {}
    for one, other in pairs:
        together = of.get(one, [one])
        together += [audio for audio in of.get(other, [other]) if audio not in together]
        of.update(dict.fromkeys(together, together))
    return list({id(together): together for together in of.values()}.values())
