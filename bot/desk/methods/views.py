"""`views.*`: modals and Home tabs (https://docs.slack.dev/reference/methods/?family=views)."""

from __future__ import annotations

from bot.desk.blocks import checked_view
from bot.desk.failure import SlackFailure
from bot.desk.methods.call import Call
from bot.desk.store import Json

__all__ = ["open_", "publish", "push", "update"]


def open_(call: Call) -> Json:
    """Open a modal (https://docs.slack.dev/reference/methods/views.open)."""
    view = _view(call)
    trigger = call.desk.store.triggers.exchange(call.required("trigger_id"))
    return {"view": call.desk.store.views.open(trigger.user, view)}


def push(call: Call) -> Json:
    """Lay a modal over the open one (https://docs.slack.dev/reference/methods/views.push)."""
    view = _view(call)
    trigger = call.desk.store.triggers.exchange(call.required("trigger_id"))
    return {"view": call.desk.store.views.push(trigger.user, view)}


def update(call: Call) -> Json:
    """Change a view in place (https://docs.slack.dev/reference/methods/views.update)."""
    view = _view(call, kinds=("modal", "home"))
    store = call.desk.store.views
    if call.has("view_id"):
        old = store.get(call.text("view_id"))
    elif call.has("external_id"):
        old = store.by_external_id(call.text("external_id"))
    else:
        raise SlackFailure("invalid_arguments", ["[ERROR] missing required field: view_id"])
    if old is None or old["type"] != view["type"]:
        raise SlackFailure("not_found")
    return {"view": store.update(old, view, call.text("hash"))}


def publish(call: Call) -> Json:
    """Set a person's Home tab (https://docs.slack.dev/reference/methods/views.publish)."""
    view = _view(call, kinds=("home",))
    user = call.required("user_id")
    if call.desk.person(user) is None:
        raise SlackFailure("invalid_arguments", ["[ERROR] invalid user_id"])
    return {"view": call.desk.store.views.publish(user, view, call.text("hash"))}


def _view(call: Call, kinds: tuple[str, ...] = ("modal",)) -> Json:
    if not call.has("view"):
        raise SlackFailure("invalid_arguments", ["[ERROR] missing required field: view"])
    return {**checked_view(call.structure("view"), kinds=kinds), **call.desk.view_marks()}
