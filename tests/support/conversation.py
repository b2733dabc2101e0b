"""A desk, the service that talks to it, and a policy with something to decide."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from audit_core.catalogue.store import Store
from audit_core.ledger.policies import activate_text
from audit_core.ledger.tables import violations
from audit_core.ledger.violations import Found
from audit_core.settings import Settings
from bot.clips import Make
from bot.desk import Channel, Desk, DeskConfig, Person, UserGroup, serve
from bot.service import Service
from tests.support.ledger import Time, audit, dataset, found, revision, track

NINA, OTIS, MALLORY = Person("nina", "Nina Simon"), Person("otis", "Otis Grand"), Person("mallory", "Mallory Moor")

POLICY = """\
cratecheck: 1
policy: release
title: Audio that may train a model
owner: legal@label.example
{schedule}
applies_to: {{datasets: ["*"]}}
review:
  channel: "#data-audit"
  reviewers: {{group: "@data-legal"}}
  waiver: {{longest: 90 days, evidence: {evidence}}}
  respond_within: {{critical: 1 day, high: 3 days}}
safety: {{post_at_most: {post_at_most} messages}}
rules:
  - id: licence-known
    kind: field
    severity: {severity}
    field: licence
    must: be_present
    say: "{{track}} has no licence."
    review: {{decisions: [{decisions}]}}
"""


def policy_text(**changed: object) -> str:
    """The policy of these tests."""
    values: dict[str, object] = {
        "schedule": "",
        "evidence": "required",
        "post_at_most": 25,
        "severity": "high",
        "decisions": "approve, quarantine, waive",
    }
    return POLICY.format(**{**values, **changed})


def activate(store: Store, text: str, at: datetime) -> str:
    """Make a policy text the active one."""
    with store.write() as connection:
        return activate_text(connection, "release", text, actor="ada", via="cli", at=at)


def desk_config(**changed: Any) -> DeskConfig:
    values: dict[str, Any] = {
        "team": "Label",
        "bot_name": "Cratecheck",
        "users": (NINA, OTIS, MALLORY),
        "channels": (Channel("data-audit"), Channel("elsewhere"), Channel("private", bot_is_member=False)),
        "usergroups": (UserGroup("data-legal", members=("nina", "otis")),),
        "ack_within_s": 10.0,  # what is tested is order, not speed; the two cores are shared
    }
    return DeskConfig(**{**values, **changed})


@contextmanager
def opened_desk(folder: Path, config: DeskConfig | None = None) -> Iterator[Desk]:
    """A desk that is being served."""
    desk = Desk.create(folder / "desk.sqlite", config or desk_config())
    with serve(desk):
        yield desk
    desk.close()


def settings_for(folder: Path, **changed: Any) -> Settings:
    values: dict[str, Any] = {
        "workspace": folder,
        "people": {person.id: person.real_name for person in (NINA, OTIS, MALLORY)},
        "groups": {"@data-legal": [NINA.id, OTIS.id]},
    }
    return Settings(**{**values, **changed})


class Unhurried(Time):
    """A clock that goes on by a millisecond at each look."""

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


class House:
    """A workspace in service: its store, its desk, and what stands in the channel."""

    def __init__(self, store: Store, desk: Desk, service: Service, clock: Time) -> None:
        self.store = store
        self.desk = desk
        self.service = service
        self.clock = clock
        self.channel = "data-audit"

    def audit(self, *failing: Found, **changed: Any) -> int:
        """An audit that finds these, and all that is posted of it."""
        run_id = audit(self.store, failing, clock=self.clock, **changed)
        self.sent()
        return run_id

    def sent(self) -> None:
        """Wait until the outbox is empty."""
        assert self.service.sender.drained(), "the outbox is not empty"

    def parents(self) -> list[dict[str, Any]]:
        return self.desk.messages(self.channel)

    def thread(self) -> list[dict[str, Any]]:
        """The replies to the only parent."""
        (parent,) = self.parents()
        return self.desk.thread(self.channel, parent["ts"])[1:]

    def whispers(self, user: str) -> list[str]:
        return [message["text"] for message in self.desk.ephemerals(user)]

    def state(self, key: str) -> str:
        with self.store.read() as connection:
            return str(connection.scalar(select(violations.c.state).where(violations.c.key == key)))

    def form(self, user: str, verdict: str, key: str, message: dict[str, Any] | None = None) -> dict[str, Any]:
        """Click a button of an item, and give the form that opens."""
        at = message or self.thread()[0]
        outcome = self.desk.user(user).click(at["ts"], f"decide:{verdict}", block_id=key)
        assert outcome.ok, outcome
        return self.opened(user, "decision")

    def opened(self, user: str, callback_id: str) -> dict[str, Any]:
        """Wait for a modal of this kind to be in front."""

        def in_front() -> dict[str, Any] | None:
            view = self.desk.user(user).view
            return view if view and view["callback_id"] == callback_id else None

        view = self.desk.wait_for(in_front)
        assert view is not None, f"no {callback_id}, but {self.desk.user(user).view}"
        return view


@contextmanager
def house(
    store: Store,
    folder: Path,
    *,
    policy: str | None = None,
    settings: Settings | None = None,
    config: DeskConfig | None = None,
    audit_by_schedule: Callable[[], object] = lambda: None,
    evidence: Make | None = None,
    clock: Time | None = None,
) -> Iterator[House]:
    """Open a house with three tracks, of which the first two are byte-identical."""
    clock = clock or Time(datetime.now(UTC) - timedelta(hours=8))
    activate(store, policy or policy_text(), clock())
    with store.write() as connection:
        train = dataset(connection, "train")
        first = revision(connection, train)
        for key, sha256 in (("a", "1f"), ("twin", "1f"), ("b", "2e"), ("c", "3d")):
            track(connection, train, key, first, files=[("audio", {"sha256": sha256})])
    with opened_desk(folder, config) as desk:
        service = Service(
            settings or settings_for(folder),
            store,
            desk,
            audit=audit_by_schedule,
            evidence=evidence,
            clock=clock,
            pace_s=0.0,
        )
        with service:
            yield House(store, desk, service, clock)


def failing(*subjects: str, **changed: Any) -> list[Found]:
    """Tracks without a licence."""
    return [found(subject, **changed) for subject in subjects]
