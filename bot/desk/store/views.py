"""Modals in their stacks, Home tabs, and the triggers that open a modal."""

from __future__ import annotations

import json
import secrets
import sqlite3
from dataclasses import dataclass

from bot.desk.failure import SlackFailure
from bot.desk.store.database import Database, Json

__all__ = ["MODALS_AT_MOST", "TRIGGER_LIVES_S", "Triggers", "Views"]

MODALS_AT_MOST = 3
"""https://docs.slack.dev/surfaces/modals: a stack holds a root view and two more."""
TRIGGER_LIVES_S = 3.0
"""https://docs.slack.dev/interactivity/handling-user-interaction: three seconds, and once."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """What an exchanged trigger stands for."""

    user: str
    view_id: str | None


class Triggers:
    """The short-lived permissions to open a modal in front of somebody."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def issue(self, user: str, view_id: str | None = None) -> str:
        """Mint a trigger for what somebody just did."""
        now = self._db.clock()
        trigger = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        with self._db.writing():
            self._db.run("DELETE FROM triggers WHERE issued < ?", now - 3600)
            self._db.run("INSERT INTO triggers VALUES (?, ?, ?, ?, 0)", trigger, user, view_id, now)
        return trigger

    def exchange(self, trigger_id: str) -> Trigger:
        """Use a trigger up; it works once, within three seconds."""
        with self._db.writing():
            row = self._db.one("SELECT * FROM triggers WHERE id = ?", trigger_id)
            if row is None:
                raise SlackFailure("invalid_trigger_id")
            if row["used"]:
                raise SlackFailure("exchanged_trigger_id")
            if self._db.clock() - row["issued"] > TRIGGER_LIVES_S:
                raise SlackFailure("expired_trigger_id")
            self._db.run("UPDATE triggers SET used = 1 WHERE id = ?", trigger_id)
        return Trigger(row["user"], row["view_id"])


class Views:
    """The views in front of people. A view is the JSON object that Slack's API gives for it."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self, view_id: str) -> Json | None:
        """Find a view by its id."""
        return _view(self._db.one("SELECT * FROM views WHERE id = ?", view_id))

    def by_external_id(self, external_id: str) -> Json | None:
        """Find a view by the id that the app gave it."""
        return _view(self._db.one("SELECT * FROM views WHERE external_id = ?", external_id))

    def owner(self, view_id: str) -> str | None:
        """Tell in front of whom a view is."""
        row = self._db.one("SELECT user FROM views WHERE id = ?", view_id)
        return str(row["user"]) if row else None

    def home(self, user: str) -> Json | None:
        """Find a person's Home tab."""
        return _view(self._db.one("SELECT * FROM views WHERE kind = 'home' AND user = ?", user))

    def stack(self, user: str) -> list[Json]:
        """List a person's open modals, the root first, the visible one last."""
        rows = self._db.all("SELECT * FROM views WHERE kind = 'modal' AND user = ? ORDER BY depth", user)
        return [view for row in rows if (view := _view(row)) is not None]

    def open(self, user: str, view: Json) -> Json:
        """Put a modal in front of someone, in place of whatever was open."""
        with self._db.writing():
            self.clear(user)
            return self._add(user, view, root=None, previous=None, depth=0)

    def push(self, user: str, view: Json) -> Json:
        """Lay a modal on top of the open ones."""
        with self._db.writing():
            stack = self.stack(user)
            if not stack:
                raise SlackFailure("not_found")
            if len(stack) >= MODALS_AT_MOST:
                raise SlackFailure("push_limit_reached")
            root, previous = str(stack[0]["id"]), str(stack[-1]["id"])
            return self._add(user, view, root=root, previous=previous, depth=len(stack))

    def publish(self, user: str, view: Json, expected_hash: str = "") -> Json:
        """Set a person's Home tab."""
        with self._db.writing():
            home = self.home(user)
            if home is not None:
                return self.update(home, view, expected_hash)
            if expected_hash:
                raise SlackFailure("hash_conflict")
            return self._add(user, view, root=None, previous=None, depth=0)

    def update(self, old: Json, view: Json, expected_hash: str = "") -> Json:
        """Change a view in place; a ``hash`` that isn't the view's own is a conflict."""
        with self._db.writing():
            current = self.get(str(old["id"]))
            if current is None:
                raise SlackFailure("not_found")
            if expected_hash and expected_hash != current["hash"]:
                raise SlackFailure("hash_conflict")
            kept = ("id", "root_view_id", "previous_view_id", "team_id", "app_id", "bot_id")
            fresh = {**view, **{key: current[key] for key in kept if key in current}, "hash": self._hash()}
            self._check_external_id(fresh, besides=str(current["id"]))
            self._db.run(
                "UPDATE views SET body = ?, external_id = ? WHERE id = ?",
                json.dumps(fresh), fresh["external_id"], current["id"],
            )  # fmt: skip
        return fresh

    def pop(self, view_id: str) -> None:
        """Take a modal away, and those above it; the one below comes into sight again."""
        with self._db.writing():
            row = self._db.one("SELECT user, depth FROM views WHERE id = ?", view_id)
            if row is not None:
                sql = "DELETE FROM views WHERE kind = 'modal' AND user = ? AND depth >= ?"
                self._db.run(sql, row["user"], row["depth"])

    def clear(self, user: str) -> None:
        """Take all of a person's modals away."""
        self._db.run("DELETE FROM views WHERE kind = 'modal' AND user = ?", user)

    def _add(self, user: str, view: Json, *, root: str | None, previous: str | None, depth: int) -> Json:
        view_id = "V" + secrets.token_hex(5).upper()
        body = {
            **view,
            "id": view_id,
            "hash": self._hash(),
            "root_view_id": root or view_id,
            "previous_view_id": previous,
        }
        self._check_external_id(body)
        self._db.run(
            "INSERT INTO views (id, kind, user, external_id, root_id, depth, body) VALUES (?,?,?,?,?,?,?)",
            view_id, view["type"], user, body["external_id"], body["root_view_id"], depth, json.dumps(body),
        )  # fmt: skip
        return body

    def _check_external_id(self, view: Json, besides: str = "") -> None:
        external_id = view["external_id"]
        other = self.by_external_id(external_id) if external_id else None
        if other is not None and other["id"] != besides:
            raise SlackFailure("duplicate_external_id")

    def _hash(self) -> str:
        return f"{int(self._db.clock())}.{secrets.token_hex(4)}"


def _view(row: sqlite3.Row | None) -> Json | None:
    if row is None:
        return None
    view: Json = json.loads(row["body"])
    return view
