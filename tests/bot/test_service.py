"""The service as a whole: over HTTP or Socket Mode, with tokens that are right, wrong or missing."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import insert, select, text

from audit_core.catalogue.store import Store
from audit_core.catalogue.tables import licences
from audit_core.errors import ServiceError, SettingsError
from audit_core.ledger.tables import violations
from bot.desk import ApiFault, Desk
from bot.service import Service
from bot.tables import group_members, outbox
from tests.support.conversation import (
    House,
    Unhurried,
    activate,
    desk_config,
    failing,
    house,
    opened_desk,
    policy_text,
    settings_for,
)
from tests.support.ledger import Time, audit, dataset, key_of, revision, track


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opened_desk(tmp_path, desk_config(usergroups=desk_config().usergroups)) as desk:
        yield desk


def said(desk: Desk, channel: str = "data-audit") -> list[str]:
    return [message["text"] for message in desk.messages(channel)]


@pytest.mark.parametrize("method", ["views.open", "chat.postEphemeral"])
def test_no_answer_to_slack_waits_for_the_network(house: House, method: str) -> None:
    house.audit(*failing("a"))
    (reply,) = house.thread()
    house.desk.arm(ApiFault("hang", method=method, seconds=3))
    who = "nina" if method == "views.open" else "mallory"
    began = time.monotonic()
    assert house.desk.user(who).click(reply["ts"], "decide:approve", block_id=key_of("a")).ok
    assert time.monotonic() - began < 1.5


def test_a_click_that_finds_the_database_busy_decides_nothing_and_says_so(store: Store, tmp_path: Path) -> None:
    with house(store, tmp_path, config=desk_config(ack_within_s=3.0)) as home:
        home.audit(*failing("a"))
        home.form("nina", "approve", key_of("a"))
        began, gate = threading.Event(), threading.Event()

        def hold() -> None:
            with store.write() as connection:
                connection.execute(text("DELETE FROM lease" if store.is_sqlite else "LOCK TABLE ledger, decision"))
                began.set()
                gate.wait(20)

        holder = threading.Thread(target=hold)
        holder.start()
        try:
            assert began.wait(5)
            told = home.desk.user("nina").submit(values={"reason": "it is in the contract"})
        finally:
            gate.set()
            holder.join()
        assert "nothing was decided" in str(told.mistakes)
        time.sleep(0.3)
        assert home.state(key_of("a")) == "open"
        assert home.desk.user("nina").submit(values={"reason": "it is in the contract"}).ok
        assert home.state(key_of("a")) == "approved"


def test_a_slow_slack_keeps_no_click_waiting(store: Store, tmp_path: Path) -> None:
    with house(store, tmp_path, config=desk_config(ack_within_s=3.0)) as home:
        home.audit(*failing("a"))
        home.form("nina", "approve", key_of("a"))
        (parent,) = home.parents()
        home.desk.arm(ApiFault("late", method="views.open", times=None, seconds=3))
        otis = home.desk.user("otis")
        clicks = [threading.Thread(target=otis.click, args=(parent["ts"], "review")) for _ in range(32)]
        for click in clicks:
            click.start()
        for click in clicks:
            click.join()
        began = time.monotonic()
        assert home.desk.user("nina").submit(values={"reason": "it is in the contract"}).ok
        assert time.monotonic() - began < 2
        home.desk.faults.clear()


def test_what_else_slacks_library_finds_in_the_environment_changes_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in (("SLACK_CLIENT_ID", "1.2"), ("SLACK_CLIENT_SECRET", "zz"), ("SLACK_BOT_TOKEN", "xoxb-other")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path))
    with house(store, tmp_path) as home:
        home.audit(*failing("a"))
        home.form("nina", "approve", key_of("a"))
    assert os.environ["SLACK_CLIENT_ID"] == "1.2"
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == []


def test_a_decision_stands_though_slack_shows_nothing_of_it(house: House) -> None:
    house.audit(*failing("a"))
    house.form("nina", "approve", key_of("a"))
    for method in ("chat.postEphemeral", "chat.update"):
        house.desk.arm(ApiFault("server_error", method=method))
    assert house.desk.user("nina").submit(values={"reason": "it is in the contract"}).ok
    assert house.state(key_of("a")) == "approved"
    house.sent()
    assert "1 approved" in house.parents()[0]["text"]


@pytest.fixture
def swept() -> Iterator[None]:
    """Slack's library leaves the socket of its connection to the garbage collector."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.mark.usefixtures("swept")
def test_socket_mode_does_the_same(store: Store, tmp_path: Path, desk: Desk) -> None:
    clock = Time(datetime.now(UTC))
    activate(store, policy_text(), clock())
    settings = settings_for(
        tmp_path,
        slack_bot_token=SecretStr(desk.config.bot_token),
        slack_app_token=SecretStr(desk.config.app_token),
        slack_api_url=f"{desk.url}/api/",
    )
    with Service(settings, store, clock=clock, pace_s=0.0) as service:
        home = House(store, desk, service, clock)
        assert service.url is None
        assert desk.sockets.wait_for_connection()
        home.audit(*failing("a"))
        home.form("nina", "approve", key_of("a"))
        assert desk.user("nina").submit(values={"reason": "it is in the contract"}).ok
        assert home.state(key_of("a")) == "approved"
        assert home.desk.wait_for(lambda: home.whispers("nina"))


def test_a_token_that_slack_does_not_take_is_an_error_that_says_what_to_set(
    store: Store, tmp_path: Path, desk: Desk
) -> None:
    settings = settings_for(
        tmp_path,
        slack_bot_token=SecretStr("xoxb-wrong"),
        slack_signing_secret=SecretStr("s"),
        slack_api_url=f"{desk.url}/api/",
        port=0,
    )
    with pytest.raises(ServiceError, match="Slack does not take the bot's token.*Set SLACK_BOT_TOKEN"):
        Service(settings, store).start()


def test_a_slack_that_cannot_be_reached_is_an_error(store: Store, tmp_path: Path) -> None:
    settings = settings_for(
        tmp_path,
        slack_bot_token=SecretStr("xoxb-1"),
        slack_signing_secret=SecretStr("s"),
        slack_api_url="http://127.0.0.1:9/api/",
        port=0,
    )
    with pytest.raises(ServiceError, match="Slack can't be reached"):
        Service(settings, store).start()


def test_without_a_token_it_says_what_to_set(store: Store, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no Slack token is set. Set SLACK_BOT_TOKEN"):
        Service(settings_for(tmp_path), store)
    with pytest.raises(SettingsError, match="neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET"):
        Service(settings_for(tmp_path, slack_bot_token=SecretStr("xoxb-1")), store)


def test_what_was_left_in_the_outbox_is_sent_by_the_next_service(store: Store, tmp_path: Path) -> None:
    with house(store, tmp_path) as home:
        home.desk.arm(ApiFault("ratelimited", method="chat.postMessage", seconds=1))
        audit(store, failing("a"), clock=home.clock)
        home.service.sender.wake()
        assert home.desk.wait_for(lambda: _asked(store))
        home.service.stop()
        assert said(home.desk) == []
        with Service(settings_for(tmp_path), store, home.desk, clock=home.clock, pace_s=0.0) as service:
            home.clock.now = datetime.now(UTC).replace(year=datetime.now(UTC).year + 1)
            assert service.sender.drained()
        assert len(home.thread()) == 1


def _asked(store: Store) -> list[str]:
    with store.read() as connection:
        return list(connection.scalars(select(outbox.c.subject)))


def test_ten_thousand_violations_of_a_rule_are_a_parent_and_25_messages(store: Store, tmp_path: Path) -> None:
    with house(store, tmp_path) as home:
        longest = "<!channel> " + "x" * 2_900
        audit(
            store,
            failing(
                *(f"{number:05}" for number in range(10_000)), message=longest, evidence={"title": "שלום 👩‍👩‍👧 " * 150}
            ),
            clock=home.clock,
        )
        assert home.service.sender.drained(60)
        assert "10,000 open" in home.parents()[0]["text"]
        assert len(home.thread()) == 25
        assert "And 9,775 more: open Review above." in str(home.thread()[-1]["blocks"])
        nina = home.desk.user("nina")
        assert nina.click(home.parents()[0]["ts"], "review").ok
        assert "Page 1 of 1,000" in str(home.opened("nina", "review")["blocks"])


def test_a_scheduled_audit_of_the_catalogue_comes_into_the_channel_by_itself(store: Store, tmp_path: Path) -> None:
    clock = Time(datetime.now(UTC))
    activate(store, policy_text(schedule="schedule: {run: every 5 minutes, timezone: UTC}"), clock())
    with store.write() as connection:
        train = dataset(connection, "train")
        first = revision(connection, train)
        licence = connection.execute(insert(licences).values(text="CC-BY-4.0").returning(licences.c.id)).scalar_one()
        for number in range(9):
            track(connection, train, f"t{number}", first, licence_id=None if number == 3 else licence)
    clock.now = clock.now.replace(year=clock.now.year + 1)
    with (
        opened_desk(tmp_path) as desk,
        Service(settings_for(tmp_path), store, desk, clock=clock, pace_s=0.0) as service,
    ):
        home = House(store, desk, service, clock)
        assert desk.wait_for(lambda: desk.messages("data-audit"), 20)
        home.sent()
        assert "t3 has no licence." in str(home.thread()[0]["blocks"])
    with store.read() as connection:
        assert list(connection.scalars(select(violations.c.subject))) == ["t3"]


def test_the_service_runs_until_it_is_told_to_end(store: Store, tmp_path: Path) -> None:
    with house(store, tmp_path) as home:
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()
        began = time.monotonic()
        home.service.wait()
        assert time.monotonic() - began < 5


def test_reviewers_are_learnt_from_slack_in_the_background(store: Store, tmp_path: Path) -> None:
    with house(store, tmp_path, settings=settings_for(tmp_path, groups={}), clock=Unhurried()) as home:
        assert home.desk.wait_for(lambda: _known(store))
        home.audit(*failing("a"))
        home.form("nina", "approve", key_of("a"))
        (reply,) = home.thread()
        assert home.desk.user("mallory").click(reply["ts"], "decide:approve", block_id=key_of("a")).ok
        assert home.desk.wait_for(lambda: home.whispers("mallory")) == [
            "Mallory Moor has no say in this. The policy names @data-legal as reviewers."
        ]


def _known(store: Store) -> list[str]:
    with store.read() as connection:
        return list(connection.scalars(select(group_members.c.handle)))
