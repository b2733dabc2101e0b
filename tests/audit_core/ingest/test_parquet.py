"""Parquet: typed cells become the text that a mapping reads."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from audit_core.errors import IngestError
from audit_core.ingest.block import BETWEEN_PARTS, Options
from audit_core.ingest.parquet import Parquet


def test_each_type_becomes_text(tmp_path: Path) -> None:
    path = tmp_path / "tracks.parquet"
    table = {
        "id": ["a", "b"],
        "year": pyarrow.array([2011.0, None]),
        "duration": [27.872308, float("nan")],
        "acquired": [dt.date(2026, 1, 31), None],
        "genre": [["Pop", "Rock"], []],
        "bpm": [[1], None],
        "live": [True, False],
        "hash": [b"\x00\xff", None],
    }
    parquet.write_table(pyarrow.table(table), path)
    blocks = list(Parquet().blocks(path, Options(lists={"genre"}, size=lambda: 1)))
    assert [line for block in blocks for line in block.lines] == [1, 2]
    first, second = (dict(zip(block.columns, block.rows[0], strict=True)) for block in blocks if block.rows)
    assert first == {
        "id": "a",
        "year": "2011",
        "duration": "27.872308",
        "acquired": "2026-01-31",
        "genre": f"Pop{BETWEEN_PARTS}Rock",
        "bpm": "[1]",
        "live": "true",
        "hash": "00ff",
    }
    assert second == {**dict.fromkeys(first, ""), "id": "b", "live": "false"}
    assert Parquet().columns(path, Options()) == tuple(first)
    assert Parquet().size(path) == 2


def test_what_is_no_parquet_is_said(written: Callable[..., Path]) -> None:
    with pytest.raises(IngestError, match="no Parquet file, or a damaged one"):
        Parquet().columns(written("id,title\n", "tracks.parquet"), Options())


def test_without_the_library_the_mend_is_named(written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(IngestError, match=r'pip install "cratecheck\[parquet\]"'):
        Parquet().columns(written("", "tracks.parquet"), Options())
