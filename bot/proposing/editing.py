"""A policy's form is filled in: its text is put together, checked, and proposed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from audit_core.catalogue.store import Store
from audit_core.errors import CratecheckError, PolicyError, Problems, StoreError
from audit_core.ledger.chain import Via
from audit_core.ledger.proposals import Proposal
from bot.gestures import PolicyMark
from bot.messages.policy_form import REASON, mistakes_by_field
from bot.proposing.activations import Activations
from bot.proposing.fields import HOLDS, TooLong, edited, fields_of
from bot.proposing.proposals import Proposals
from rules.language.policy import Policy
from rules.language.reader import check_text

__all__ = ["Editing", "Mistaken"]

_OVERTAKEN: Final = (
    "Another text was put in force since this form was opened. What you wrote stays here: copy what you need, then"
    " click Policy again."
)
_UNFIT: Final = "This form lacks fields of the policy: click Policy again."
_LAST: Final = "This is the text that was activated last already."
_UNCHANGED: Final = "Nothing is changed: this is the text in force."
_NO_REASON: Final = "A change needs a reason: who confirms it will ask, and an auditor."


class Mistaken(CratecheckError):
    """What was written won't do: `errors` says why, by the names of the fields."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = dict(errors)


class Editing:
    """Proposes what people wrote into a policy's form.

    Parameters
    ----------
    store : Store
    proposals : Proposals
    activations : Activations
    via : str
        Through what people act.
    proposed : callable
        Called when there is a proposal to examine.
    """

    def __init__(
        self,
        store: Store,
        proposals: Proposals,
        activations: Activations,
        via: Via,
        proposed: Callable[[], object] = lambda: None,
    ) -> None:
        self._store = store
        self._proposals = proposals
        self._activations = activations
        self._via = via
        self._proposed = proposed

    def propose(self, mark: PolicyMark, answers: Mapping[str, str | None], person: str) -> Proposal:
        """Propose what stands in the fields now; it is committed when this returns.

        Raises
        ------
        Mistaken
            If the text has mistakes, is the one in force, or was written on top of one that no longer is.
        StoreError
            If the database is busy: nothing is proposed then, and nothing is lost.
        """
        with self._store.read() as connection:
            base = self._proposals.base(connection, mark)
        if base is None:
            raise Mistaken({REASON: _OVERTAKEN})
        _demand_fitting(base, answers)
        now = edited(base, answers)
        if now.text == base.text:
            raise Mistaken({REASON: _UNCHANGED})
        reason, name = (answers.get(REASON) or "").strip(), mark.spot.origin
        try:
            _check(now.text, name, base)
            if not reason:
                raise Mistaken({REASON: _NO_REASON})
            found = self._activations.propose(now.text, base.id, person, self._via, reason=reason, origin=name)
        except (StoreError, Mistaken):
            raise
        except CratecheckError as error:
            problems = error.problems if isinstance(error, Problems) else [error]
            raise Mistaken(mistakes_by_field(problems, now, name, [rule.id for rule in base.rules])) from error
        if found is None:
            raise Mistaken({REASON: _LAST})
        self._proposed()
        return found


def _demand_fitting(base: Policy, answers: Mapping[str, str | None]) -> None:
    """Refuse what can't come of the form: Slack holds people to it, and a program that answers in their place not."""
    try:
        names = {field.name for field in fields_of(base) if field.visible}
    except TooLong:
        raise Mistaken({REASON: _UNFIT}) from None
    if not names <= answers.keys():
        raise Mistaken({REASON: _UNFIT})
    if long := [name for name, answer in answers.items() if len(answer or "") > HOLDS]:
        raise Mistaken(dict.fromkeys(long, f"No field holds more than {HOLDS:,} characters."))


def _check(text: str, name: str, base: Policy) -> None:
    policy = check_text(text, name)
    if policy.id != base.id:
        raise PolicyError(
            f"the policy's id was {base.id}, and is {policy.id} here",
            mend="An edit keeps the id; a policy of another id is a new file.",
        )
