"""Parquet, through pyarrow, which is an extra. The line of a row is its number in the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from audit_core.errors import IngestError, Location
from audit_core.ingest.block import MAX_BLOCK_CHARACTERS, Block, Options
from audit_core.ingest.jsonlines import cell

__all__ = ["Parquet"]


@dataclass(frozen=True, slots=True)
class Parquet:
    """Typed columns; a list of texts may stand for several values."""

    def size(self, path: Path) -> int:
        """Give the number of rows."""
        with _opened(path) as file:
            return int(file.metadata.num_rows)

    def columns(self, path: Path, options: Options) -> tuple[str, ...]:
        """Read the schema."""
        with _opened(path) as file:
            return tuple(file.schema_arrow.names)

    def blocks(self, path: Path, options: Options) -> Iterator[Block]:
        """Read the rows, without loading a whole group of them."""
        import pyarrow

        with _opened(path) as file:
            columns = tuple(file.schema_arrow.names)
            done = 0
            block, characters = Block(columns), 0
            try:
                for batch in file.iter_batches(batch_size=1000):
                    for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                        done += 1
                        row = [_text(value, name in options.lists) for name, value in zip(columns, values, strict=True)]
                        if any("\0" in text for text in row):
                            block.refused.append((done, "a NUL character", []))
                        else:
                            block.rows.append(row)
                            block.lines.append(done)
                            characters += sum(map(len, row))
                        if len(block.rows) + len(block.refused) >= options.size() or characters > MAX_BLOCK_CHARACTERS:
                            block.position = done
                            yield block
                            block, characters = Block(columns), 0
            except (pyarrow.ArrowException, OSError) as error:
                raise IngestError(f"damaged after row {done}", at=Location(str(path))) from error
            block.position = done
            yield block


def _opened(path: Path) -> Any:
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise IngestError(
            "Parquet needs a library that is not installed",
            at=Location(str(path)),
            mend='Install it with `pip install "cratecheck[parquet]"`.',
        ) from error
    try:
        return parquet.ParquetFile(path)
    except pyarrow.ArrowInvalid as error:
        raise IngestError("no Parquet file, or a damaged one", at=Location(str(path))) from error
    except OSError as error:
        raise IngestError(f"can't be read: {(error.strerror or str(error)).lower()}", at=Location(str(path))) from error


def _text(value: object, as_parts: bool) -> str:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float):
        if value != value:  # NaN is how pandas writes a blank
            return ""
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, dict | list):
        return cell(_plain(value), as_parts=as_parts)
    return cell(value, as_parts=as_parts)


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | str) else _text(value, as_parts=False)
