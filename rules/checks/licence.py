"""licence: the licence of each track permits what you do, and asks for nothing that you can't give.

A licence is judged by its traits, which are kept in one reviewed table: `commercial` (commercial use is permitted),
`derivatives` (changed versions are permitted), `share_alike` (changed versions must be under the same licence) and
`attribution` (the author must be credited).

- `require`: traits that the licence must have. `forbid`: traits that it must not have.
- `allow`: the only licences that pass, by their SPDX names. `deny`: licences that don't, whatever their traits.

All that a rule states has to hold. Where both the track and its source state a licence, both have to pass. Where a
licence leaves a choice (`MIT OR Apache-2.0`), one that passes is enough; where two hold together (`MIT AND CC0-1.0`),
both have to pass.

A licence that is not stated, that can't be read, or of which the table doesn't say a trait is unknown: a violation,
unless the rule says `unknown: skip`.

A quarantine takes out the track.

RULE  {require: [commercial, derivatives], forbid: [share_alike]}
PASS  [{licence: CC-BY-4.0}]
FAIL  [{licence: CC-BY-NC-4.0}]
FAIL  [{licence: CC-BY-ND-4.0}]
FAIL  [{licence: CC-BY-SA-4.0}]
FAIL  [{licence: "free for friends"}]
FAIL  [{title: Orange Horizon}]
RULE  {allow: [CC0-1.0, CC-BY-4.0], unknown: skip}
PASS  [{licence: CC0-1.0}]
PASS  [{title: Orange Horizon}]
FAIL  [{licence: CC-BY-3.0}]
RULE  {deny: [CC-BY-ND-4.0]}
PASS  [{licence: CC-BY-4.0}]
FAIL  [{licence: CC-BY-ND-4.0}]
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, model_validator

from rules.vocabulary import Mistake, Refusal, Strict, a_word_of, listed, meant, no_more_than, quoted

__all__ = ["NAMES", "SAY", "Spec", "Trait", "explain", "takes_out"]

SAY: Final = "{track}: {reason}."
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

_TRAITS: Final = ("commercial", "derivatives", "share_alike", "attribution")
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

    require: tuple[TraitWord, ...] = ()
    forbid: tuple[TraitWord, ...] = ()
    allow: LicenceNames = ()
    deny: LicenceNames = ()
    unknown: Annotated[Literal["fail", "skip"], BeforeValidator(a_word_of(("fail", "skip"), "choice"))] = "fail"

    @model_validator(mode="after")
    def _demands_something(self) -> Spec:
        if not (self.require or self.forbid or self.allow or self.deny):
            raise Refusal(Mistake("this rule asks nothing of a licence", "State require, forbid, allow or deny."))
        for one, other in (("require", "forbid"), ("allow", "deny")):
            for index, word in enumerate(getattr(self, other)):
                if word in getattr(self, one):
                    what = f"{quoted(word)} stands under {one} and under {other}"
                    raise Refusal(Mistake(what, "No licence can do both.", (other, index)))
        return self


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
