"""The terms under which a source gave its tracks: they change by revisions, as tracks do."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from audit_core.catalogue.tables import FOREVER, licences, source_terms, sources
from audit_core.ingest.dictionary import Dictionary
from audit_core.ingest.mapping import SourceTermsMapping
from audit_core.ingest.values import day

__all__ = ["differ", "write"]

_PLAIN: Final = ("kind", "contract", "url", "acquired_by")


def differ(connection: Connection, stated: SourceTermsMapping | None) -> bool:
    """Tell whether the terms in force are others than those that a mapping states."""
    if stated is None:
        return False
    current = (
        select(source_terms, licences.c.text.label("licence"))
        .join(sources, sources.c.id == source_terms.c.source_id)
        .outerjoin(licences, licences.c.id == source_terms.c.licence_id)
        .where(sources.c.name == stated.name, source_terms.c.to_rev == FOREVER)
    )
    found = connection.execute(current).one_or_none()
    return found is None or any(
        getattr(found, name) != value for name, value in {**_values(stated), "licence": stated.licence}.items()
    )


def write(connection: Connection, stated: SourceTermsMapping, revision: int) -> None:
    """Let the terms in force end with a revision, and those of a mapping begin."""
    names, texts = Dictionary(sources, "name"), Dictionary(licences, "text")
    names.learn(connection, {("", stated.name): stated.name})
    names.write(connection)
    source = names["", stated.name]
    licence = None
    if stated.licence is not None:
        texts.learn(connection, {("", stated.licence): stated.licence})
        texts.write(connection)
        licence = texts["", stated.licence]
    in_force = update(source_terms).where(source_terms.c.source_id == source, source_terms.c.to_rev == FOREVER)
    connection.execute(in_force.values(to_rev=revision))
    connection.execute(
        insert(source_terms).values(
            source_id=source, from_rev=revision, to_rev=FOREVER, licence_id=licence, **_values(stated)
        )
    )


def _values(stated: SourceTermsMapping) -> dict[str, Any]:
    acquired = None if stated.acquired is None else date.fromisoformat(day(stated.acquired))
    return {**{name: getattr(stated, name) for name in _PLAIN}, "acquired": acquired}
