"""The modal in which a policy is read and edited: a rule in English, the text in fields, and why it is changed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from audit_core.errors import CratecheckError
from bot.messages.kit import Block, View, bold, context, divider, header, modal, paragraph, text, text_input
from bot.messages.text import as_code, counted, plain, shortened
from bot.proposing.fields import ADDED, HOLDS, Edited, Field

__all__ = ["REASON", "PolicyForm", "mistakes_by_field", "policy_form_view", "policy_view"]

REASON: Final = "reason"
_BLOCKS: Final = 100
_BYTES: Final = 250_000
_SAID: Final = 2_000
_ROOM_FOR_REST: Final = 60
_QUOTED: Final = 60


@dataclass(frozen=True, slots=True)
class PolicyForm:
    """A policy that somebody reads and may edit.

    Attributes
    ----------
    rule : str or None
        The rule that is looked at, and stands first; None if it is no longer in force.
    explained : str
        What it says, in English.
    ids : sequence of str
        Of the rules, in the order of the text.
    fields : sequence of Field or None
        The text; None if it does not fit into fields.
    metadata : str
        Names the text and the place of the click; comes back with what was written.
    """

    policy: str
    title: str
    rule: str | None
    explained: str
    ids: Sequence[str]
    fields: Sequence[Field] | None
    metadata: str


def policy_view(form: PolicyForm) -> View:
    """Build the modal: the form, or where the text has no room in one, what it says and how it can be edited."""
    if form.fields is not None:
        view = policy_form_view(form, form.fields)
        # Slack counts the bytes of its JSON, in which a letter outside ASCII may be an escape.
        if len(view["blocks"]) <= _BLOCKS and len(json.dumps(view)) <= _BYTES:
            return view
    command = f"cratecheck policy show {form.policy} > {form.policy}.yaml"
    how = f"This policy is too long for a form in Slack. Edit its file ({command}), and propose it by "
    then = f"cratecheck policy activate {form.policy}.yaml"
    return modal("Policy", [*_explained(form), paragraph(text(how), bold(then), text("."))], callback_id="policy-read")


def policy_form_view(form: PolicyForm, fields: Sequence[Field]) -> View:
    """Build the form, however long it gets: the rule that is looked at, then the rest of the text, then the reason."""
    looked_at = form.ids.index(form.rule) if form.rule in form.ids else None
    first = [field for field in fields if field.visible and field.rule is not None and field.rule == looked_at]
    rest = [field for field in fields if field.visible and field not in first]
    blocks = [*_explained(form), *(_input(form, field) for field in first)]
    if first:
        blocks += [divider(), header("The rest of the policy")]
    blocks += [_input(form, field) for field in rest]
    hint = "It is checked and examined at once, then posted for a second person to activate. Nothing changes before."
    blocks.append(text_input(REASON, "Why is it changed?", lines=True, hint=hint))
    return modal("Policy", blocks, callback_id="policy", metadata=form.metadata, submit="Propose")


def _explained(form: PolicyForm) -> list[Block]:
    says = plain(form.explained, 2_500)
    about = f"{plain(form.title, 300)} ({form.policy}), as it is in force"
    return [paragraph(bold(f"{form.rule}: "), text(says)) if form.rule else paragraph(text(says)), context(about)]


def _input(form: PolicyForm, field: Field) -> Block:
    label, hint = _label(field, form.ids), None
    if field.name == ADDED:
        hint = "It begins with “- id:”, as the others do."
    elif field.rule is not None and field.parts == 1:
        hint = "Empty it to take the rule out."
    optional = field.rule is not None or field.name == ADDED
    return text_input(field.name, label, lines=True, optional=optional, most=HOLDS, hint=hint, initial=field.shown)


def _label(field: Field, ids: Sequence[str]) -> str:
    part = f", part {field.part} of {field.parts}" if field.parts > 1 else ""
    if field.rule is not None:
        return f"Rule {ids[field.rule]}{part}"
    if field.name == ADDED:
        return "Another rule"
    return f"{'What stands below the rules' if field.name.startswith('tail') else 'What holds for all rules'}{part}"


def mistakes_by_field(
    problems: Iterable[CratecheckError], edited: Edited, name: str, ids: Sequence[str]
) -> dict[str, str]:
    """Write mistakes of a text below the fields in which they stand; those that stand in none, below the reason.

    Parameters
    ----------
    problems : iterable of CratecheckError
        In the order in which they are to be told.
    edited : Edited
        The text that was checked.
    name : str
        By which their places name it.
    ids : sequence of str
        Of the rules, as the fields are labelled.
    """
    labels = {place.field.name: _label(place.field, ids) for place in edited.places}

    def there(found: re.Match[str]) -> str:
        place = edited.place(int(found[1]))
        return f"line {place[1]:,} of “{labels[place[0]]}”" if place else "a line that is not there"

    told: dict[str, list[str]] = {}
    for problem in problems:
        line = problem.at.line if problem.at and problem.at.file == name else None
        place = edited.place(line) if line else None
        words = f"{problem.what}. {problem.mend}" if problem.mend else f"{problem.what}."
        if line:
            words = re.sub(rf"(?:{re.escape(name)}:|\bline )(\d+)(?::\d+)?", there, words)
        if line and place:
            field, number = place
            source = shortened(as_code(edited.line(line), _QUOTED).strip(), _QUOTED)
            told.setdefault(field, []).append(f"Line {number:,}{f', “{source}”' if source else ''}: {words}")
        else:
            told.setdefault(REASON, []).append(words[:1].upper() + words[1:])
    return {field: _joined([plain(words, _SAID // 2) for words in each]) for field, each in told.items()}


def _joined(mistakes: Sequence[str]) -> str:
    """Write several mistakes one below the other, as many as Slack shows."""
    shown = ""
    for number, words in enumerate(mistakes):
        more = f"{shown}\n{words}" if shown else words
        if len(more) > _SAID - _ROOM_FOR_REST and shown:
            return f"{shown}\nAnd {counted(len(mistakes) - number, 'more mistake')} here."
        shown = more
    return shown
