"""Approve, Quarantine, Waive, Not the same, Release: a click opens the form in which the person says why."""

from __future__ import annotations

import logging
import re
from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient

from audit_core.errors import DecisionRefused, StoreError
from bot.gestures import FormMark, clicked
from bot.listeners.room import BUSY, Room
from bot.messages.decision_form import Form, form_view
from bot.messages.items import BUTTONS
from bot.messages.notice import loading_view, notice_view
from bot.review import Click, Matter

__all__ = ["register"]

logger = logging.getLogger(__name__)


def register(app: App, room: Room) -> None:
    """Teach an app this gesture."""

    @app.action(re.compile(r"^decide:"))
    def decide(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        click, mark = clicked(body, room.via)
        try:
            room.review.permit(click)
        except DecisionRefused as refused:
            ack()
            words = room.readable(refused)
            room.answer("a refusal", lambda: _refuse(room, client, body, mark, words))
            return
        except StoreError as error:
            ack()
            logger.warning("a form has to wait: %s", error)
            room.answer("a refusal", lambda: _refuse(room, client, body, mark, BUSY))
            return
        ack()
        room.answer("a form", lambda: _show(room, client, body, click, mark))


def _show(room: Room, client: WebClient, body: dict[str, Any], click: Click, mark: FormMark) -> None:
    title = BUTTONS[mark.verdict]
    show = client.views_push if mark.page else client.views_open
    view = show(trigger_id=body["trigger_id"], view=loading_view(title))["view"]
    try:
        form = form_view(_form(room.review.matter(click), mark))
    except DecisionRefused as refused:
        form = notice_view(title, room.readable(refused))
    except StoreError as error:
        logger.warning("a form has to wait: %s", error)
        form = notice_view(title, BUSY)
    client.views_update(view_id=view["id"], hash=view["hash"], view=form)


def _refuse(room: Room, client: WebClient, body: dict[str, Any], mark: FormMark, words: str) -> None:
    if mark.page:
        client.views_push(trigger_id=body["trigger_id"], view=notice_view("Not possible", words))
        client.views_update(view_id=body["view"]["id"], view=room.page(mark.page))  # it shows what was so before
    else:
        room.whisper(client, mark.spot, body["user"]["id"], words)


def _form(matter: Matter, mark: FormMark) -> Form:
    return Form(
        verdict=mark.verdict,
        message=matter.violation.message,
        evidence=matter.violation.evidence,
        metadata=mark.dumps(),
        targets=[key for _, key in matter.targets],
        copies=[f"{dataset}/{key}" for dataset, key in matter.copies],
        longest=matter.longest,
        suggested=matter.suggested,
        evidence_required=matter.evidence_required,
        separable=[(audio, f"{dataset}/{key}") for (dataset, key), audio in matter.separable.items()],
    )
