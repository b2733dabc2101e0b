"""Slack's calls over HTTP: signed, fresh, small enough; a slow one holds up no other."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import func, select

from audit_core.ledger.tables import decisions
from bot.desk import ApiFault, DeliveryFault
from tests.support.conversation import House, failing
from tests.support.ledger import audit, key_of


def url_of(house: House, path: str = "/slack/events") -> str:
    assert house.service.url is not None
    return house.service.url.removesuffix("/slack/events") + path


def signed(house: House, body: bytes, at: float | None = None, secret: str | None = None) -> dict[str, str]:
    timestamp = str(int(at if at is not None else time.time()))
    key = (secret or house.desk.config.signing_secret).encode()
    digest = hmac.new(key, b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {
        "x-slack-request-timestamp": timestamp,
        "x-slack-signature": f"v0={digest}",
        "content-type": "application/x-www-form-urlencoded",
    }


def decided(house: House) -> int:
    with house.store.read() as connection:
        return int(connection.execute(select(func.count()).select_from(decisions)).scalar_one())


def ready_form(house: House) -> None:
    house.audit(*failing("a"))
    house.form("nina", "approve", key_of("a"))


def test_a_call_that_is_signed_and_fresh_is_taken(house: House) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "abc"}).encode()
    headers = {**signed(house, body), "content-type": "application/json"}
    answer = httpx.post(url_of(house), content=body, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"challenge": "abc"})


@pytest.mark.parametrize("fault", ["forged", "old", "unsigned"])
def test_a_call_that_is_forged_old_or_unsigned_decides_nothing(house: House, fault: str) -> None:
    ready_form(house)
    house.desk.arm(DeliveryFault(fault, payload="view_submission"))  # type: ignore[arg-type]  # one of its kinds
    assert not house.desk.user("nina").submit(values={"reason": "it is in the contract"}).ok
    assert decided(house) == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"x-slack-request-timestamp": "soon"},
        {"x-slack-request-timestamp": "9" * 400},
        {"x-slack-signature": "v0=é".encode("latin-1").decode("latin-1")},
        {"x-slack-signature": ""},
    ],
)
def test_headers_that_are_none_are_refused_and_no_fault_of_ours(house: House, headers: dict[str, str]) -> None:
    body = b"payload=%7B%7D"
    raw = {**signed(house, body), **headers}
    answer = httpx.post(
        url_of(house), content=body, headers=[(name.encode(), value.encode("latin-1")) for name, value in raw.items()]
    )
    assert answer.status_code == 401


def test_a_tampered_body_is_refused(house: House) -> None:
    body = urlencode({"payload": json.dumps({"type": "block_actions"})}).encode()
    answer = httpx.post(url_of(house), content=body + b"&x=1", headers=signed(house, body))
    assert answer.status_code == 401


def test_a_body_that_is_too_large_is_not_read_to_its_end(house: House) -> None:
    body = b"x" * 2_000_000
    assert httpx.post(url_of(house), content=body, headers=signed(house, body)).status_code == 413


def test_a_body_that_is_no_text_is_refused(house: House) -> None:
    body = b"\xff\xfe\x00"
    assert httpx.post(url_of(house), content=body, headers=signed(house, body)).status_code == 401


def test_nothing_is_answered_before_its_signature_is_checked(house: House) -> None:
    assert httpx.post(url_of(house), data={"ssl_check": "1"}).status_code == 401


def test_a_submission_that_arrives_twice_is_one_decision(house: House) -> None:
    ready_form(house)
    house.desk.arm(DeliveryFault("duplicate", payload="view_submission"))
    assert house.desk.user("nina").submit(values={"reason": "it is in the contract"}).ok
    house.sent()
    time.sleep(0.2)
    assert decided(house) == 1
    assert house.state(key_of("a")) == "approved"


def test_a_click_that_arrives_late_counts_if_nothing_happened_meanwhile(house: House) -> None:
    ready_form(house)
    house.desk.arm(DeliveryFault("late", payload="view_submission", seconds=0.5))
    assert house.desk.user("nina").submit(values={"reason": "it is in the contract"}).ok
    assert decided(house) == 1


def test_two_people_at_the_same_moment_are_one_decision(house: House) -> None:
    ready_form(house)
    house.form("otis", "approve", key_of("a"))
    threads = [
        threading.Thread(target=house.desk.user(who).submit, kwargs={"values": {"reason": f"{who} knows"}})
        for who in ("nina", "otis")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert decided(house) == 1


def test_a_slow_click_holds_up_no_other(house: House) -> None:
    ready_form(house)
    nina = house.desk.user("nina")
    submitting = threading.Thread(target=nina.submit, kwargs={"values": {"reason": "it is in the contract"}})
    with house.store.write():  # her decision waits for this transaction
        submitting.start()
        began = time.monotonic()
        assert house.desk.user("otis").click(house.parents()[0]["ts"], "review").ok
        took = time.monotonic() - began
    submitting.join()
    assert took < 2
    assert decided(house) == 1


def test_a_decision_that_cannot_be_written_is_told_as_an_error(house: House) -> None:
    ready_form(house)
    with house.store.write() as connection:
        connection.exec_driver_sql("ALTER TABLE decision RENAME TO elsewhere")
    assert not house.desk.user("nina").submit(values={"reason": "it is in the contract"}).ok
    with house.store.write() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO decision")
    assert house.desk.user("nina").submit(values={"reason": "it is in the contract"}).ok
    assert decided(house) == 1


def test_health_says_what_is_wrong(house: House) -> None:
    answer = httpx.get(url_of(house, "/healthz"))
    assert (answer.status_code, answer.json()) == (200, {"ok": True, "trouble": None})
    house.desk.arm(ApiFault("error", error="token_revoked", times=None))
    audit(house.store, failing("a"), clock=house.clock)
    assert house.desk.wait_for(lambda: house.service.sender.trouble)
    answer = httpx.get(url_of(house, "/healthz"))
    assert answer.status_code == 503
    assert "token_revoked" in answer.text
