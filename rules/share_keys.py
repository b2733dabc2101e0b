"""The keys of the kind `share`: what is counted by which field, and what is asked of its values."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StrictInt, model_validator

from audit_core.catalogue.fields import field_named
from audit_core.ledger.violations import SubjectKind
from audit_core.placed_yaml.mistakes import Mistake, Refusal
from audit_core.placed_yaml.models import Strict
from audit_core.wording import did_you_mean, listed, quoted
from rules.grouping import QUANTITIES, Quantity
from rules.language.quantities import Percentage, Ratio
from rules.language.vocabulary import a_word_of
from rules.language.written import field_names, one_needed
from rules.questions import Question
from rules.spreads import EffectiveNumber, Evenness, Gini, Measure, Top

__all__ = ["UNKNOWN", "NeedsKeys", "Spec", "TopKeys", "plural", "title"]

#: What sets a violation of the unknown apart from one of a value.
UNKNOWN: Final = "unknown"

_COUNTED_BY: Final = (
    "artist",
    "album",
    "work",
    "recording",
    "isrc",
    "genre",
    "language",
    "region",
    "licence",
    "source",
    "year",
    "tags",
    "split",
)
_DEMANDS: Final = ("at_most", "top", "gini_at_most", "evenness_at_least", "effective_number_at_least")


def _counted_by(name: str) -> str:
    if name not in _COUNTED_BY and (not name.startswith("extra.") or field_named(name) is None):
        mend = did_you_mean(name, (*_COUNTED_BY, "extra.NAME"))
        raise Refusal(Mistake(f"tracks are not counted by {quoted(name)}", mend))
    return name


def _two_at_least(number: int) -> int:
    if number < 2:
        raise Refusal(
            Mistake(f"an effective number of {number} is always reached", "The least that asks for anything is 2.")
        )
    return number


def _two_values(number: int) -> int:
    if number < 2:
        mend = "It is one at the least anyway: delete it, or raise it."
        raise Refusal(Mistake(f"{number} is no number of values that a rule would need", mend))
    return number


def _below_one(ratio: Fraction) -> Fraction:
    if ratio == 1:
        raise Refusal(Mistake("no Gini coefficient is more than 1", "Lower it: 0.70 is much already."))
    return ratio


def _above_none(ratio: Fraction) -> Fraction:
    if ratio == 0:
        raise Refusal(Mistake("no evenness is less than 0", "Raise it: 1 is perfectly even."))
    return ratio


def _a_part(share: Fraction) -> Fraction:
    if share in (0, 1):
        raise Refusal(Mistake("expected a part of the values", "Write how many are the largest, as in 1 % or 10 %."))
    return share


def _less_than_all(share: Fraction) -> Fraction:
    if share == 1:
        raise Refusal(Mistake("no share is more than 100 %", "Lower it."))
    return share


class TopKeys(Strict):
    """``top``: what the largest values may have together."""

    part: Annotated[Percentage, AfterValidator(_a_part)] = Field(
        description="Which are the largest: a part of all values, as in 1 %; rounded up to whole ones."
    )
    at_most: Annotated[Percentage, AfterValidator(_less_than_all)] = Field(
        description="The largest share that they may have together, as in 20 %."
    )


class NeedsKeys(Strict):
    """``needs``: what there has to be, for the rule to mean anything."""

    values: Annotated[StrictInt, AfterValidator(_two_values)] = Field(
        description="How many values have to be known, as in 100.", json_schema_extra={"minimum": 2}
    )


class Spec(Strict):
    """The keys of this kind of rule."""

    model_config = ConfigDict(json_schema_extra={"anyOf": one_needed(*_DEMANDS, "unknown_at_most")})

    of: Annotated[Quantity, BeforeValidator(a_word_of(QUANTITIES, "thing to count"))] = Field(
        description="What is counted: tracks, or their hours."
    )
    by: Annotated[str, AfterValidator(_counted_by), field_names(_COUNTED_BY)] = Field(
        description="The field by whose values they are counted. A column of your own is extra.NAME."
    )
    at_most: Percentage | None = Field(
        default=None, description="The largest share that any one value may have, of what has a known value, as in 1 %."
    )
    top: TopKeys | None = Field(
        default=None, description="The share that the largest values may have together: {part: 1 %, at_most: 20 %}."
    )
    gini_at_most: Annotated[Ratio, AfterValidator(_below_one)] | None = Field(
        default=None, description="The Gini coefficient that is fine: 0 if all have the same, near 1 if a few have all."
    )
    evenness_at_least: Annotated[Ratio, AfterValidator(_above_none)] | None = Field(
        default=None, description="The evenness that is enough: 1 if all have the same, near 0 if one has nearly all."
    )
    effective_number_at_least: Annotated[StrictInt, AfterValidator(_two_at_least)] | None = Field(
        default=None,
        description="How many values of one size it has to be as diverse as, as in 30.",
        json_schema_extra={"minimum": 2},
    )
    needs: NeedsKeys | None = Field(
        default=None, description="How many values there have to be for this to mean anything: {values: 100}."
    )
    unknown_at_most: Percentage | None = Field(
        default=None, description="The largest share of the whole whose value may be unknown, as in 20 %."
    )

    @property
    def most_of_each(self) -> Fraction | None:
        """The share that no value may be past; None if any will do."""
        return self.at_most if self.at_most != 1 else None

    @property
    def measure(self) -> Measure | None:
        """What is asked of all values together."""
        if self.top:
            return Top(self.top.part, self.top.at_most)
        if self.gini_at_most is not None:
            return Gini(self.gini_at_most)
        if self.evenness_at_least is not None:
            return Evenness(self.evenness_at_least)
        if self.effective_number_at_least is not None:
            return EffectiveNumber(self.effective_number_at_least)
        return None

    @property
    def question(self) -> Question:
        """What is asked."""
        measure = self.measure
        demands = {
            "each": self.most_of_each is not None,
            "unknown": self.unknown_at_most is not None,
            measure.word if measure else "": measure is not None,
        }
        return Question(f"{self.of} by {self.by}", frozenset(word for word, asked in demands.items() if asked))

    def asks(self, subject_kind: SubjectKind, discriminator: str) -> bool:
        """Tell whether a violation, by its subject's kind and its discriminator, is of what the rule asks."""
        if discriminator == UNKNOWN:
            return self.unknown_at_most is not None
        if discriminator:
            return self.measure is not None and self.measure.word == discriminator
        return self.most_of_each is not None

    @model_validator(mode="after")
    def _demands_one_thing(self) -> Spec:
        asked = [key for key in _DEMANDS if getattr(self, key) is not None]
        if len(asked) > 1:
            mend = "Make it two rules: then each has its own severity, and can be approved by itself."
            raise Refusal(Mistake(f"{listed(asked)} don't go together", mend, (asked[1],), at_key=True))
        if not asked and self.unknown_at_most is None:
            raise Refusal(Mistake("the rule asks for nothing", f"State {listed(_DEMANDS, 'or')}, or unknown_at_most."))
        if self.at_most == 1 and self.unknown_at_most is None:
            raise Refusal(Mistake("no share is more than 100 %", "Lower it, or state unknown_at_most.", ("at_most",)))
        if self.needs and (not asked or (asked == ["at_most"] and self.at_most == 1)):
            mend = "It is about the values: state what is asked of them, or delete it."
            raise Refusal(Mistake("`needs` says nothing here", mend, ("needs",), at_key=True))
        if self.unknown_at_most == 1:
            raise Refusal(Mistake("no share is more than 100 %", "Lower it, or delete it.", ("unknown_at_most",)))
        return self


def title(spec: Spec) -> str:
    """Say what the values are, one of them: "artist"."""
    field = field_named(spec.by)
    return field.title if field else spec.by


def plural(spec: Spec) -> str:
    """Say what they are, several of them: "artists"."""
    one = title(spec)
    if spec.by not in _COUNTED_BY:
        return f"values of {one}"
    return one if one.endswith("s") else f"{one}s"
