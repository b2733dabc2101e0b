"""What Slack sends when somebody clicks or submits, read into our own words."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final, cast, get_args

from audit_core.ledger.chain import Via
from audit_core.ledger.proposals import Answer
from audit_core.ledger.transitions import Verdict
from bot.outbox import rule_of
from bot.reading import Listing
from bot.review import Click

__all__ = [
    "AnswerMark",
    "FormMark",
    "PageMark",
    "PolicyMark",
    "Spot",
    "answered",
    "answering",
    "clicked",
    "edited",
    "opened",
    "page_of",
    "policy_opened",
    "submitted",
    "wished",
]


_IN_SLACK: Final = "slack:"


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a person clicked, and is answered: a channel, and the thread in it."""

    channel: str
    thread_ts: str | None = None

    @property
    def origin(self) -> str:
        """What a proposal that was made here notes of where it comes from."""
        return f"{_IN_SLACK}{self.channel}{f'/{self.thread_ts}' if self.thread_ts else ''}"

    @classmethod
    def of_origin(cls, origin: str) -> Spot | None:
        """Read it back; None if it was made elsewhere."""
        if not origin.startswith(_IN_SLACK):
            return None
        channel, _, thread_ts = origin.removeprefix(_IN_SLACK).partition("/")
        return cls(channel, thread_ts or None)


@dataclass(frozen=True, slots=True)
class PageMark:
    """The metadata of a review modal: which page it shows, and where it was opened."""

    listing: Listing
    spot: Spot

    def dumps(self) -> str:
        """Write it as private metadata."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def loads(cls, metadata: str) -> PageMark:
        """Read it back."""
        read = json.loads(metadata)
        return cls(Listing(**read["listing"]), Spot(**read["spot"]))


@dataclass(frozen=True, slots=True)
class FormMark:
    """The metadata of a decision's form: what is decided, and where it was opened."""

    verdict: Verdict
    key: str
    revision: int
    spot: Spot
    page: PageMark | None = None

    def dumps(self) -> str:
        """Write it as private metadata."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def loads(cls, metadata: str) -> FormMark:
        """Read it back."""
        read = json.loads(metadata)
        page = PageMark.loads(json.dumps(read["page"])) if read["page"] else None
        return cls(_verdict(read["verdict"]), read["key"], read["revision"], Spot(**read["spot"]), page)


@dataclass(frozen=True, slots=True)
class AnswerMark:
    """What a person answers to a proposal, and how far the proposal was when the person saw it."""

    proposal: str
    seen: str
    answer: Answer
    spot: Spot

    def dumps(self) -> str:
        """Write it as private metadata."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def loads(cls, metadata: str) -> AnswerMark:
        """Read it back."""
        read = json.loads(metadata)
        return cls(read["proposal"], read["seen"], _answer(read["answer"]), Spot(**read["spot"]))


@dataclass(frozen=True, slots=True)
class PolicyMark:
    """The metadata of a policy's form: the rule that is looked at, the text that is edited, and where it was opened.

    Without a text, it is the one in force.
    """

    policy: str
    rule: str
    spot: Spot
    base: str | None = None

    def dumps(self) -> str:
        """Write it as private metadata."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def loads(cls, metadata: str) -> PolicyMark:
        """Read it back."""
        read = json.loads(metadata)
        return cls(read["policy"], read["rule"], Spot(**read["spot"]), read["base"])


def clicked(body: dict[str, Any], via: Via) -> tuple[Click, FormMark]:
    """Read a click on Approve, Quarantine, Waive or Release, in a thread or in a review modal."""
    action = body["actions"][0]
    key, revision = action["block_id"], int(action["value"])
    verdict = _verdict(action["action_id"].removeprefix("decide:"))
    page = PageMark.loads(body["view"]["private_metadata"]) if "view" in body else None
    mark = FormMark(verdict, key, revision, page.spot if page else _spot(body), page)
    return _click(mark, body, via), mark


def submitted(body: dict[str, Any], via: Via) -> tuple[Click, FormMark]:
    """Read a form that was filled in."""
    mark = FormMark.loads(body["view"]["private_metadata"])
    answers = {block: next(iter(fields.values())) for block, fields in body["view"]["state"]["values"].items()}
    until = answers.get("until", {}).get("selected_date")
    click = Click(
        verdict=mark.verdict,
        key=mark.key,
        revision=mark.revision,
        person=body["user"]["id"],
        via=via,
        reason=answers["reason"].get("value") or "",
        evidence_url=answers.get("evidence_url", {}).get("value") or None,
        until=date.fromisoformat(until) if until else None,
        other_recording=(answers.get("track", {}).get("selected_option") or {}).get("value"),
    )
    return click, mark


def opened(body: dict[str, Any]) -> PageMark:
    """Read a click on a parent message's Review."""
    policy, rule, dataset = rule_of(body["actions"][0]["value"])
    return PageMark(Listing(policy, rule, dataset), _spot(body))


def wished(body: dict[str, Any]) -> tuple[str, Spot]:
    """Read a click on Listen, in a thread or in a review modal: which violation, and where the answer is given."""
    page = PageMark.loads(body["view"]["private_metadata"]) if "view" in body else None
    return body["actions"][0]["block_id"], page.spot if page else _spot(body)


def answering(body: dict[str, Any]) -> AnswerMark:
    """Read a click on a proposal's Activate or Reject."""
    action = body["actions"][0]
    answer = _answer(action["action_id"].removeprefix("proposal:"))
    return AnswerMark(action["block_id"], action["value"], answer, _spot_beside(body))


def answered(body: dict[str, Any]) -> tuple[AnswerMark, str]:
    """Read the form that follows such a click: what is answered, and the reason, if one was asked for."""
    return AnswerMark.loads(body["view"]["private_metadata"]), _answers(body).get("reason") or ""


def policy_opened(body: dict[str, Any]) -> PolicyMark:
    """Read a click on a parent message's Policy."""
    policy, rule, _ = rule_of(body["actions"][0]["value"])
    return PolicyMark(policy, rule, _spot_beside(body))


def edited(body: dict[str, Any]) -> tuple[PolicyMark, dict[str, str | None]]:
    """Read a policy's form: which text was edited, and what stands in each field now."""
    return PolicyMark.loads(body["view"]["private_metadata"]), _answers(body)


def page_of(body: dict[str, Any]) -> PageMark:
    """Read which page a click in the review modal leads to."""
    mark = PageMark.loads(body["view"]["private_metadata"])
    action, shown = body["actions"][0], mark.listing
    if action["action_id"] == "review:state":
        listing = Listing(shown.policy, shown.rule, shown.dataset, action["selected_option"]["value"])
    else:
        listing = Listing(shown.policy, shown.rule, shown.dataset, shown.state, int(action["value"]))
    return PageMark(listing, mark.spot)


def _click(mark: FormMark, body: dict[str, Any], via: Via) -> Click:
    person = body["user"]["id"]
    return Click(verdict=mark.verdict, key=mark.key, revision=mark.revision, person=person, via=via)


def _spot(body: dict[str, Any]) -> Spot:
    message = body["message"]
    return Spot(body["channel"]["id"], message.get("thread_ts") or message["ts"])


def _spot_beside(body: dict[str, Any]) -> Spot:
    """Give the place beside a message, and not in its thread, which may not be open: the click was on the message."""
    message = body["message"]
    thread_ts = message.get("thread_ts")
    return Spot(body["channel"]["id"], None if thread_ts == message["ts"] else thread_ts)


def _answers(body: dict[str, Any]) -> dict[str, str | None]:
    """Give what stands in the text fields of a form, by their names."""
    values = body["view"]["state"]["values"]
    return {block: next(iter(fields.values())).get("value") for block, fields in values.items() if fields}


def _answer(word: str) -> Answer:
    if word not in get_args(Answer):
        raise ValueError(f"{word!r} is no answer")
    return cast(Answer, word)


def _verdict(word: str) -> Verdict:
    if word not in get_args(Verdict):
        raise ValueError(f"{word!r} is no verdict")
    return cast(Verdict, word)
