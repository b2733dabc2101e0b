"""The review modal: one's own view of all violations of a rule in a dataset, by pages and by state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from audit_core.ledger.violations import STATES
from bot.messages.items import Item, item_blocks
from bot.messages.kit import Block, View, actions, button, context, divider, modal, paragraph, select, text
from bot.messages.parent import counts_line
from bot.messages.text import plain

__all__ = ["PAGE", "Page", "review_view"]

PAGE: Final = 10
_LIMIT: Final = 500
_LONGEST_LINK: Final = 3_000


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the violations of a rule in a dataset.

    Attributes
    ----------
    metadata : str
        Which page it is: comes back with each click in the modal.
    number : int
        From 0.
    """

    rule: str
    dataset: str
    says: str | None
    state: str
    number: int
    counts: Mapping[str, int]
    items: Sequence[Item]
    metadata: str


def review_view(page: Page, people: Mapping[str, str]) -> View:
    """Build the modal."""
    total = page.counts.get(page.state, 0)
    pages = max(1, -(-total // PAGE))
    blocks: list[Block] = [
        paragraph(text(plain(page.says or "This rule is no longer in force.", 900))),
        context(f"{page.rule} in {page.dataset} · {counts_line(page.counts)}"),
        actions(*_controls(page, pages), block_id="page"),
        divider(),
    ]
    for item in page.items:
        blocks += item_blocks(item, people, _LIMIT, _LONGEST_LINK)
    if not page.items:
        blocks.append(paragraph(text(f"Nothing is {page.state}.")))
    blocks.append(context(f"Page {page.number + 1:,} of {pages:,}"))
    return modal("Review", blocks, callback_id="review", metadata=page.metadata)


def _controls(page: Page, pages: int) -> list[Block]:
    states: dict[str, str] = {state: f"{state.capitalize()} ({page.counts.get(state, 0):,})" for state in STATES}
    controls = [select("review:state", states, page.state)]
    if page.number > 0:
        controls.append(button("Back", "review:back", str(page.number - 1)))
    if page.number + 1 < pages:
        controls.append(button("Next", "review:next", str(page.number + 1)))
    return controls
