"""A person at the desk: every gesture, whether the page makes it or a program.

The texts that a person sees when an app does not answer are those of Slack's clients.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.desk import payloads
from bot.desk.blocks import checked_view
from bot.desk.blocks.layout import elements_of
from bot.desk.config import Person
from bot.desk.deliveries import Ack, Envelope
from bot.desk.failure import SlackFailure
from bot.desk.form_state import Raw, chosen, options_of, read_state, spread
from bot.desk.responses import respond
from bot.desk.store import Conversation, Json

if TYPE_CHECKING:
    from bot.desk.desk import Desk

__all__ = ["DeskUser", "Outcome"]

NO_RESPONSE = "Operation timed out. Apps need to respond within 3 seconds."
NOT_REACHED = "This app is not responding. The operation could not be delivered."
NO_CONNECTION = "We had some trouble connecting. Try again?"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a gesture.

    Attributes
    ----------
    error : str or None
        What the person is told went wrong; None if the app acknowledged in time.
    mistakes : dict
        Complaints about fields of a view, by ``block_id``: the client's own, or the app's.
    ack : Ack or None
        What the app answered; None if nothing was sent.
    trigger_id : str
        The trigger that went with it.
    """

    error: str | None = None
    mistakes: dict[str, str] = field(default_factory=dict)
    ack: Ack | None = None
    trigger_id: str = ""

    @property
    def ok(self) -> bool:
        """Whether all went well."""
        return self.error is None and not self.mistakes


class DeskUser:
    """Somebody who clicks, fills in, commands and talks."""

    def __init__(self, desk: Desk, person: Person) -> None:
        self.desk = desk
        self.person = person

    @property
    def id(self) -> str:
        """The person's id."""
        return self.person.id

    @property
    def view(self) -> Json | None:
        """The modal in front of this person, if any."""
        stack = self.desk.store.views.stack(self.id)
        return stack[-1] if stack else None

    def click(
        self,
        message_ts: str,
        action_id: str,
        value: Raw = None,
        *,
        block_id: str | None = None,
        state: Mapping[str, Any] | None = None,
    ) -> Outcome:
        """Press a button of a message, or choose in one of its menus.

        Parameters
        ----------
        message_ts : str
            The message, whether everyone sees it or this person alone.
        action_id : str
            The element.
        value : str, list of str or None
            What is chosen: an option's value, a date, a user's id; for a button, the ``value`` that tells
            it from others of the same ``action_id``.
        block_id : str, optional
            The block, where ``action_id`` stands in several.
        state : mapping, optional
            What is in the message's other fields.
        """
        message, channel = self._message(message_ts)
        blocks = message.get("blocks") or []
        block, element = _element(blocks, action_id, value, block_id)
        filled = read_state(blocks, spread(blocks, state or {}) | _own(block, element, value))
        trigger = self.desk.store.triggers.issue(self.id)
        payload = payloads.block_actions(
            self.desk,
            self.person,
            payloads.action_of(block, element, _chosen(element, value), self.desk.store.db.stamp()),
            trigger_id=trigger,
            values=filled.values,
            message=message,
            channel=channel,
            response_url=self.desk.response_url(self.id, channel.id, message_ts),
        )
        return self._interact("block_actions", payload, trigger)

    def act(
        self,
        action_id: str,
        value: Raw = None,
        *,
        view: Json | str | None = None,
        block_id: str | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> Outcome:
        """Press a button or choose in a menu of the open modal, or of a Home tab given as ``view``."""
        shown = self._view(view)
        block, element = _element(shown["blocks"], action_id, value, block_id)
        given = spread(shown["blocks"], values or {}) | _own(block, element, value)
        trigger = self.desk.store.triggers.issue(self.id, shown["id"])
        payload = payloads.block_actions(
            self.desk,
            self.person,
            payloads.action_of(block, element, _chosen(element, value), self.desk.store.db.stamp()),
            trigger_id=trigger,
            values=read_state(shown["blocks"], given).values,
            view=shown,
        )
        return self._interact("block_actions", payload, trigger)

    def submit(self, view: Json | str | None = None, values: Mapping[str, Any] | None = None) -> Outcome:
        """Submit a modal; ``values`` by ``block_id``, by ``action_id``, or nested as in ``state.values``.

        What the client checks by itself (required fields, lengths, numbers) never reaches the app.
        """
        shown = self._view(view)
        filled = read_state(shown["blocks"], spread(shown["blocks"], values or {}))
        if filled.mistakes:
            return Outcome(mistakes=filled.mistakes)
        trigger = self.desk.store.triggers.issue(self.id, shown["id"])
        payload = payloads.view_submission(self.desk, self.person, shown, filled.values, trigger)
        ack = self.desk.deliveries.deliver(Envelope("interactive", "view_submission", payload))
        if ack.failure is not None:
            return Outcome(NO_CONNECTION, ack=ack, trigger_id=trigger)
        try:
            mistakes = self._follow(shown, ack.body if isinstance(ack.body, dict) else {})
        except SlackFailure:
            return Outcome(NO_CONNECTION, ack=ack, trigger_id=trigger)
        return Outcome(mistakes=mistakes, ack=ack, trigger_id=trigger)

    def close(self, view: Json | str | None = None, *, everything: bool = False) -> Outcome:
        """Close a modal; ``everything`` is the cross that closes the whole stack."""
        shown = self._view(view)
        cleared = everything or bool(shown["clear_on_close"])
        stack = self.desk.store.views.stack(self.id)
        closed = [each for each in reversed(stack) if cleared or each["id"] == shown["id"]]
        if cleared:
            self.desk.store.views.clear(self.id)
        else:
            self.desk.store.views.pop(shown["id"])
        for each in closed:
            if each["notify_on_close"]:
                payload = payloads.view_closed(self.desk, self.person, each, is_cleared=cleared)
                self.desk.deliveries.deliver(Envelope("interactive", "view_closed", payload))
        return Outcome()

    def command(self, name: str, text: str = "", *, channel: str | None = None) -> Outcome:
        """Type a slash command; without ``channel``, in the first one."""
        where = self.desk.conversation(channel) if channel else self.desk.store.conversations.channels()[0]
        if name not in {known.name for known in self.desk.config.commands}:
            said = (
                f"{name} is not a valid command. In Slack, all messages that start with the “/”"
                " character are interpreted as commands."
            )
            return self._slackbot(where, said)
        trigger = self.desk.store.triggers.issue(self.id)
        address = self.desk.response_url(self.id, where.id, None)
        form = payloads.command(self.desk, self.person, name, text, where, trigger_id=trigger, response_url=address)
        ack = self.desk.deliveries.deliver(Envelope("slash_commands", "slash_commands", form))
        if ack.failure is not None:
            reason = "operation_timeout" if ack.failure == "http_timeout" else "dispatch_failed"
            return self._slackbot(where, f"{name} failed with the error “{reason}”", ack, trigger)
        answer = {"text": ack.body} if isinstance(ack.body, str) else ack.body
        if isinstance(answer, dict) and (answer.get("text") or answer.get("blocks")):
            if answer.get("response_type") == "in_channel":
                # The typed command is shown with an answer that everyone sees.
                self.desk.post(where.id, self.id, {"text": f"{name} {text}".strip()}, announce=False)
            try:
                respond(self.desk, user=self.id, channel=where.id, source_ts=None, answer=answer)
            except SlackFailure as failure:
                return self._slackbot(where, f"{name} failed with the error “{failure.error}”", ack, trigger)
        return Outcome(ack=ack, trigger_id=trigger)

    def shortcut(self, callback_id: str, message_ts: str) -> Outcome:
        """Use a message shortcut."""
        message, channel = self._message(message_ts)
        trigger = self.desk.store.triggers.issue(self.id)
        payload = payloads.message_action(
            self.desk,
            self.person,
            callback_id,
            message,
            channel,
            trigger_id=trigger,
            response_url=self.desk.response_url(self.id, channel.id, message_ts),
        )
        return self._interact("message_action", payload, trigger)

    def say(self, text: str, *, channel: str, thread_ts: str | None = None) -> Json:
        """Write a message, as typed: ``@handle`` becomes a mention, the rest is escaped."""
        where = self.desk.conversation(channel)
        return self.desk.post(where.id, self.id, {"text": self._typed(text)}, thread_ts=thread_ts)

    def open_home(self) -> None:
        """Open the app's Home tab (https://docs.slack.dev/reference/events/app_home_opened)."""
        if "app_home_opened" not in self.desk.config.events:
            return
        event: Json = {
            "type": "app_home_opened",
            "user": self.id,
            "channel": self.desk.store.conversations.im_with(self.id).id,
            "event_ts": self.desk.store.db.stamp(),
            "tab": "home",
        }
        home = self.desk.store.views.home(self.id)
        if home is not None:
            event["view"] = home
        self.desk.deliveries.announce(event)

    def dismiss(self, ts: str) -> bool:
        """Dismiss a message that only this person sees."""
        return self.desk.store.messages.delete_whisper(self.id, ts)

    def _interact(self, name: str, payload: Json, trigger: str) -> Outcome:
        ack = self.desk.deliveries.deliver(Envelope("interactive", name, payload))
        if ack.failure is None:
            return Outcome(ack=ack, trigger_id=trigger)
        if ack.failure == "http_timeout":
            told = NO_RESPONSE
        elif ack.failure == "http_error":
            told = f"This app responded with Status Code {ack.status}."
        else:
            told = NOT_REACHED
        return Outcome(told, ack=ack, trigger_id=trigger)

    def _follow(self, view: Json, answer: Json) -> dict[str, str]:
        """Do what the answer to a submission says.

        https://docs.slack.dev/surfaces/modals#handling-submissions: ``response_action`` is errors, update,
        push or clear; without one, the view closes and the one below comes into sight.
        """
        views = self.desk.store.views
        action = answer.get("response_action")
        if action == "errors":
            errors = answer.get("errors")
            known = {block["block_id"] for block in view["blocks"]}
            if not isinstance(errors, dict) or not errors or not known.issuperset(errors):
                raise SlackFailure("invalid_arguments")
            return {str(block): str(text) for block, text in errors.items()}
        if action == "clear":
            views.clear(self.id)
        elif action in ("update", "push"):
            fresh = {**checked_view(answer.get("view")), **self.desk.view_marks()}
            if action == "update":
                views.update(view, fresh)
            else:
                views.push(self.id, fresh)
        elif action is None:
            views.pop(view["id"])
        else:
            raise SlackFailure("invalid_arguments")
        return {}

    def _slackbot(self, where: Conversation, text: str, ack: Ack | None = None, trigger: str = "") -> Outcome:
        body = {"user": "USLACKBOT", "username": "Slackbot", "text": text}
        self.desk.store.messages.whisper(where.id, self.id, body, thread_ts=None)
        return Outcome(text, ack=ack, trigger_id=trigger)

    def _typed(self, text: str) -> str:
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        ids = {person.name: person.id for person in self.desk.config.users}
        ids[self.desk.config.bot_name.casefold()] = self.desk.config.bot_user_id

        def mention(match: re.Match[str]) -> str:
            user = ids.get(match[1].casefold())
            return f"<@{user}>" if user else match[0]

        return re.sub(r"(?<!\w)@([\w.-]+)", mention, escaped)

    def _message(self, ts: str) -> tuple[Json, Conversation]:
        channel_id = self.desk.store.messages.channel_of(ts)
        if channel_id is None:
            raise SlackFailure("message_not_found")
        message = self.desk.store.messages.get(channel_id, ts)
        if message is None:
            message = self.desk.store.messages.whispered(self.id, ts)
        if message is None:
            raise SlackFailure("message_not_found")
        return message, self.desk.conversation(channel_id)

    def _view(self, view: Json | str | None) -> Json:
        view_id = view if isinstance(view, str) else view["id"] if view is not None else None
        if view_id is None:
            if self.view is None:
                raise SlackFailure("not_found")
            return self.view
        found = self.desk.store.views.get(view_id)
        if found is None or self.desk.store.views.owner(view_id) != self.id:
            raise SlackFailure("not_found")
        return found


def _element(blocks: list[Json], action_id: str, value: Raw, block_id: str | None) -> tuple[Json, Json]:
    found = [
        (block, element)
        for block in blocks
        for element in elements_of(block)
        if element["action_id"] == action_id and block_id in (None, block["block_id"])
    ]
    if len(found) > 1 and isinstance(value, str):
        found = [
            (block, element)
            for block, element in found
            if element.get("value") == value or any(option["value"] == value for option in options_of(element))
        ]
    if not found:
        raise ValueError(f"no element {action_id!r} here")
    if len(found) > 1:
        raise ValueError(f"{action_id!r} stands here {len(found)} times: give block_id, or value")
    block, element = found[0]
    if element["type"] == "button" and value is not None and element.get("value") != value:
        raise ValueError(f"button {action_id!r} has the value {element.get('value')!r}, not {value!r}")
    return block, element


def _chosen(element: Json, value: Raw) -> Json:
    return {} if element["type"] == "button" else chosen(element, value)


def _own(block: Json, element: Json, value: Raw) -> dict[tuple[str, str], Raw]:
    if element["type"] in ("button", "overflow"):
        return {}
    return {(block["block_id"], element["action_id"]): value}
