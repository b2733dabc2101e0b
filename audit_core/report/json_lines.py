"""JSON lines: a record a line, its keys in the order of its fields, what is unknown as null."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from audit_core.ledger.chain import instant
from audit_core.report.manifest import ManifestFacts, ManifestRow

__all__ = ["facts_json", "manifest_json_lines"]


def manifest_json_lines(rows: Iterable[ManifestRow]) -> Iterator[str]:
    """Render a manifest as lines of JSON: a track each, with all its files, their checksums by algorithm."""
    for row in rows:
        record = asdict(row)
        for file in record["files"]:
            file["checksums"] = dict(file["checksums"])
        yield json.dumps(record, ensure_ascii=False) + "\n"


def facts_json(facts: ManifestFacts) -> str:
    """Render what heads a manifest as a JSON object."""
    return json.dumps(
        {
            "dataset": facts.dataset,
            "revision": facts.revision,
            "as_of": instant(facts.as_of),
            "rows": facts.rows,
            "quarantined_left_out": facts.quarantined,
            "with_files_that_could_not_be_heard": facts.unheard,
            "ledger_head": {"seq": facts.ledger_head.seq, "hash": facts.ledger_head.hash},
        },
        ensure_ascii=False,
    )
