"""What is said of a proposal does not hide what it changes, and says of no text that it is in force before its day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from audit_core.ledger.proposals import Answer
from bot.cli.proposing import _origin
from bot.messages.difference import difference, difference_message
from bot.messages.kit import AT_MOST, size
from bot.messages.proposal import Step, proposal_message
from bot.messages.proposal_form import told_of
from rules.language.policy import Policy
from rules.language.reader import check_text
from tests.bot.proposing.test_activations import text
from tests.bot.proposing.test_proposal_messages import CARD

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_lines_that_differ_past_what_is_shown_of_them_do_not_look_alike() -> None:
    alike = "decisions: [" + "approve, " * 200
    shown = str(difference_message(difference(f"{alike}quarantine]", f"{alike}waive]"), "0" * 64, new=False).blocks)
    assert "quarantine]" in shown
    assert "waive]" in shown


def test_any_number_of_approvers_leaves_room_for_the_rest() -> None:
    card = replace(CARD, state="proposed", approvers=", ".join(f"Reviewer Number {one}" for one in range(600)))
    assert size(proposal_message(card, {}).blocks) <= AT_MOST


def test_a_text_is_not_called_in_force_before_its_day() -> None:
    done = replace(CARD, state="activated", confirmed=(Step("U0GRACE", NOW),), kind="edit")
    assert "is in force" in told_of(replace(done, begins=NOW), "confirm")
    later = told_of(replace(done, begins=NOW + timedelta(days=30)), "confirm")
    assert "is in force" not in later
    assert "takes force" in later


def test_of_a_new_policy_that_is_rejected_no_text_stays() -> None:
    answers: tuple[Answer, ...] = ("reject", "withdraw")
    for answer in answers:
        assert "Nothing comes into force." in told_of(replace(CARD, base_sha256=None), answer)
        assert "The text in force stays." in told_of(replace(CARD, base_sha256="0" * 64), answer)


def test_no_file_passes_for_a_place_in_slack(tmp_path: Path) -> None:
    def origin(name: str) -> str:
        policy: Policy = check_text(text(), str(tmp_path / name))
        return _origin(policy, tmp_path)

    assert [origin("slack:C123"), origin("release.yaml")] == ["./slack:C123", "release.yaml"]
