"""What the table holds of one licence."""

from __future__ import annotations

from dataclasses import dataclass

from audit_core.placed_yaml.models import Strict
from audit_core.rights.traits import Answer, Traits

__all__ = ["Licence", "TraitsRow"]


@dataclass(frozen=True, slots=True)
class Licence:
    """What the table knows of a licence.

    Attributes
    ----------
    id : str
        SPDX identifier, or ``LicenseRef-…``.
    family : str
        The class that it is counted in, such as ``by-nc-nd`` or ``software``.
    traits : Traits
        What it says.
    source : str
        Where that was read.
    unsaid : tuple of str
        What else it leaves open.
    sharing : {'yes', 'no', 'unsaid'}
        Whether whoever has a copy may pass one on, unchanged and for no money.
    """

    id: str
    family: str
    traits: Traits
    source: str
    unsaid: tuple[str, ...] = ()
    sharing: Answer = "unsaid"


class TraitsRow(Strict):
    """The four answers, as a table file gives them, and whether copies may be passed on.

    Where copies of the whole work may be used commercially, they may be passed on: that need not be said.
    """

    commercial: Answer
    derivatives: Answer
    share_alike: Answer
    attribution: Answer
    sharing: Answer | None = None

    def traits(self) -> Traits:
        """Give them as the record that is reckoned with."""
        return Traits(self.commercial, self.derivatives, self.share_alike, self.attribution)

    def may_be_shared(self) -> Answer:
        """Say whether copies may be passed on."""
        return self.sharing or ("yes" if self.commercial == "yes" else "unsaid")
