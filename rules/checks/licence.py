"""licence: the licence of each track permits what you do, and asks for nothing that you can't give.

A licence is judged by its traits, which are kept in one reviewed table: `commercial` (commercial use is permitted),
`derivatives` (changed versions are permitted), `share_alike` (changed versions must be under the same licence) and
`attribution` (the author must be credited).

- `require`: what the licence must permit: `commercial`, `derivatives`.
- `forbid`: what it must not ask for: `share_alike`, `attribution`.
- `allow`: the only licences that pass, by their names in the SPDX list, as in `CC-BY-4.0`.
- `deny`: licences that fail, whatever their traits.
- `unknown`: what becomes of a licence that is not stated, that can't be read, or of which the table doesn't say a
  trait: `fail` (if left out) or `skip`.

All that a rule states has to hold. Where both the track and its source state a licence, both have to pass. Where a
licence leaves a choice (`MIT OR Apache-2.0`), one that passes is enough; where two hold together (`MIT AND CC0-1.0`),
both have to pass.

A quarantine takes out the track.

RULE  {require: [commercial, derivatives], forbid: [share_alike]}
PASS  [{licence: CC-BY-4.0}]
FAIL  [{licence: CC-BY-NC-4.0}]
FAIL  [{licence: CC-BY-ND-4.0}]
FAIL  [{licence: CC-BY-SA-4.0}]
FAIL  [{licence: "free for friends"}]
FAIL  [{}]
FAIL  [{licence: CC-BY-4.0, source: FMA, licence_of_source: CC-BY-NC-4.0}]
RULE  {allow: [CC0-1.0, CC-BY-4.0], unknown: skip}
PASS  [{licence: CC0-1.0}]
PASS  [{}]
FAIL  [{licence: CC-BY-3.0}]
RULE  {deny: [CC-BY-ND-4.0]}
PASS  [{licence: CC-BY-4.0}]
FAIL  [{licence: CC-BY-ND-4.0}]
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator
from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select

from audit_core.catalogue.members import among
from audit_core.catalogue.tables import licences as licence_table
from audit_core.catalogue.tables import source_terms, tracks
from audit_core.placed_yaml.mistakes import Mistake, Refusal
from audit_core.placed_yaml.models import Strict
from audit_core.wording import listed, meant, quoted
from rules.complaint import NAMED, Complaint, Judged, TrackList, failing_tracks, names_of_track, shown
from rules.language.vocabulary import a_word_of, no_more_than
from rules.language.written import one_needed
from rules.questions import Question
from rules.scope import Scope

if TYPE_CHECKING:  # not at run time: it reads two thousand licences
    from audit_core.rights import LicenceTable
    from rules.rulings import Ruling

__all__ = ["COPIES_TOO", "NAMES", "SAY", "Spec", "Trait", "explain", "judge", "takes_out", "targets"]

SAY: Final = "{track}: {reason}."
COPIES_TOO: Final = True
NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "track": "the key of the track",
        "title": "its title",
        "artist": "its artist",
        "dataset": "its dataset",
        "licence": "its licence, as it was read",
        "reason": "why that is not enough",
    }
)

Trait = Literal["commercial", "derivatives", "share_alike", "attribution"]

_PERMISSIONS: Final = ("commercial", "derivatives")
_DUTIES: Final = ("share_alike", "attribution")
_TRAITS: Final = (*_PERMISSIONS, *_DUTIES)
_MOST: Final = 500
_OWN: Final = re.compile(r"LicenseRef-[A-Za-z0-9.-]+")
_ASKED: Final = {
    "commercial": "permit commercial use",
    "derivatives": "permit changed versions",
    "share_alike": "put changed versions under the same licence",
    "attribution": "ask for credit",
}


def _spdx_id(name: str) -> str:
    if name not in _spdx_ids() and not _OWN.fullmatch(name):
        found = meant(name, sorted(_spdx_ids()))
        mend = f"Did you mean {quoted(found)}?" if found else "Write its name in the SPDX list, as in CC-BY-4.0."
        raise Refusal(Mistake(f"unknown licence {quoted(name)}", f"{mend} A licence of your own is LicenseRef-NAME."))
    return name


@cache
def _spdx_ids() -> frozenset[str]:
    # Here and not above: it reads two thousand licences, and few rules list any.
    from license_expression import get_spdx_licensing

    return frozenset(get_spdx_licensing().known_symbols)


TraitWord = Annotated[Trait, BeforeValidator(a_word_of(_TRAITS, "trait"))]
LicenceName = Annotated[str, AfterValidator(_spdx_id)]
LicenceNames = Annotated[tuple[LicenceName, ...], BeforeValidator(no_more_than(_MOST, "licences"))]


class Spec(Strict):
    """The keys of this kind of rule."""

    model_config = ConfigDict(json_schema_extra={"anyOf": one_needed("require", "forbid", "allow", "deny")})

    require: tuple[TraitWord, ...] = Field(
        default=(), description="What the licence has to permit: commercial use, derivatives (changed versions)."
    )
    forbid: tuple[TraitWord, ...] = Field(
        default=(), description="What the licence must not ask of you: share_alike, attribution (credit)."
    )
    allow: LicenceNames = Field(
        default=(), description="The only licences that will do, by their names in the SPDX list."
    )
    deny: LicenceNames = Field(default=(), description="Licences that will not do, by their names in the SPDX list.")
    unknown: Annotated[Literal["fail", "skip"], BeforeValidator(a_word_of(("fail", "skip"), "choice"))] = Field(
        default="fail",
        description="What becomes of a track whose licence is unknown or can't be read: it fails, or is passed over.",
    )

    @model_validator(mode="after")
    def _demands_something(self) -> Spec:
        if not (self.require or self.forbid or self.allow or self.deny):
            raise Refusal(Mistake("this rule asks nothing of a licence", "State require, forbid, allow or deny."))
        for key, words, wrong, mend in (
            ("require", self.require, _DUTIES, "What it asks of you can be forbidden, not required."),
            ("forbid", self.forbid, _PERMISSIONS, "What it permits can be required, not forbidden."),
        ):
            for index, word in enumerate(words):
                if word in wrong and word not in (self.forbid if key == "require" else self.require):
                    raise Refusal(Mistake(f"{quoted(word)} stands under {key}", mend, (key, index)))
        for one, other in (("require", "forbid"), ("allow", "deny")):
            for index, word in enumerate(getattr(self, other)):
                if word in getattr(self, one):
                    what = f"{quoted(word)} stands under {one} and under {other}"
                    raise Refusal(Mistake(what, "No licence can do both.", (other, index)))
        return self

    @property
    def question(self) -> Question:
        """What is asked."""
        demands = [f"{key}: {word}" for key in ("require", "forbid", "deny") for word in getattr(self, key)]
        return Question(demands=frozenset(demands), among=frozenset(self.allow) or None)


def explain(spec: Spec) -> str:
    """Say the rule in a plain sentence."""
    parts = [f"must {_ASKED[trait]}" for trait in spec.require]
    parts += [f"must not {_ASKED[trait]}" for trait in spec.forbid]
    parts += [f"must be {listed(spec.allow, 'or')}"] if spec.allow else []
    parts += [f"must not be {listed(spec.deny, 'or')}"] if spec.deny else []
    unknown = "and must be known" if spec.unknown == "fail" else "unless it is unknown"
    return f"The licence of every track {listed(parts)}, {unknown}."


def takes_out(spec: Spec) -> bool:
    """Tell whether a quarantine has something to take out: the track."""
    return True


def judge(spec: Spec, scope: Scope, connection: Connection, licences: LicenceTable, at_most: int) -> Judged:
    """Find the tracks whose licence, or whose source's, does not do."""
    bench = _Bench.of(spec, scope, connection, licences)
    query = select(*NAMED, tracks.c.licence_id, tracks.c.source_id).where(scope.condition(), bench.fails())
    return failing_tracks(connection, query, partial(_complaint, spec, scope, bench), at_most=at_most)


def targets(spec: Spec, scope: Scope, connection: Connection, subject: str, discriminator: str) -> TrackList:
    """List what a quarantine takes out: the track."""
    return ((scope.dataset.name, subject),)


@dataclass(frozen=True, slots=True)
class _Bench:
    """Each licence of a dataset judged once, alone and together with that of each source: tracks are many, these few.

    Attributes
    ----------
    texts : dict
        The licences' texts, by number.
    by_source : dict
        The number of a source's licence, for the sources that state one.
    rulings : dict
        By the numbers of a track's and its source's licence, either of which may be None.
    """

    texts: dict[int, str]
    by_source: dict[int, int]
    rulings: dict[tuple[int | None, int | None], Ruling]
    unknown_fails: bool

    @classmethod
    def of(cls, spec: Spec, scope: Scope, connection: Connection, table: LicenceTable) -> _Bench:
        terms = select(source_terms.c.source_id, source_terms.c.licence_id).where(
            scope.snapshot.holds(source_terms), source_terms.c.licence_id.is_not(None)
        )
        by_source = {row.source_id: row.licence_id for row in connection.execute(terms)}
        used = (
            select(tracks.c.id)
            .where(tracks.c.dataset_id == scope.dataset.id, tracks.c.licence_id == licence_table.c.id)
            .exists()
        )
        of_tracks = select(licence_table.c.id).where(used)
        stated = select(licence_table.c.id, licence_table.c.text).where(
            or_(used, licence_table.c.id.in_(sorted(set(by_source.values()))))
        )
        own: list[int | None] = [None, *connection.scalars(of_tracks)]
        texts = {row.id: row.text for row in connection.execute(stated)}
        from rules.rulings import Judge  # here, for what it reads

        judge_all = Judge(spec, table)
        rulings = {
            (mine, theirs): judge_all([text for text in (texts.get(mine or 0), texts.get(theirs or 0)) if text])
            for theirs in [None, *sorted(set(by_source.values()))]
            for mine in own
        }
        return cls(texts, by_source, rulings, spec.unknown == "fail")

    def ruling(self, licence_id: int | None, source_id: int | None) -> Ruling:
        return self.rulings[licence_id, self.by_source.get(source_id or 0)]

    def fails(self) -> ColumnElement[bool]:
        """Give the condition under which a track fails."""
        untold = or_(tracks.c.source_id.is_(None), tracks.c.source_id.not_in(sorted(self.by_source)))
        ways = [and_(self._fails_with(None), untold) if self.by_source else self._fails_with(None)]
        for theirs in sorted(set(self.by_source.values())):
            under = sorted(source for source, licence in self.by_source.items() if licence == theirs)
            ways.append(and_(self._fails_with(theirs), among(tracks.c.source_id, under)))
        return or_(*ways)

    def _fails_with(self, theirs: int | None) -> ColumnElement[bool]:
        failing = [
            mine for (mine, other), ruling in self.rulings.items()
            if other == theirs and (ruling.outcome == "fail" or (ruling.outcome == "unknown" and self.unknown_fails))
        ]  # fmt: skip
        numbers = among(tracks.c.licence_id, [mine for mine in failing if mine is not None])
        return or_(tracks.c.licence_id.is_(None), numbers) if None in failing else numbers


def _complaint(spec: Spec, scope: Scope, bench: _Bench, row: Row[Any]) -> Complaint:
    ruling = bench.ruling(row.licence_id, row.source_id)
    text = bench.texts.get(row.licence_id)
    of_source = bench.texts.get(bench.by_source.get(row.source_id, 0))
    names = {"licence": shown(ruling.spdx or text or of_source or "not stated"), "reason": ruling.reason}
    stated = {"licence": text, "licence_of_source": of_source, "spdx": ruling.spdx}
    asked = {key: list(getattr(spec, key)) for key in ("require", "forbid", "allow", "deny") if getattr(spec, key)}
    return Complaint(
        "track",
        row.key,
        {**names_of_track(row, scope.dataset.name), **names},
        evidence={**stated, "outcome": ruling.outcome, "reason": ruling.reason, **asked},
        bound=stated,
    )
