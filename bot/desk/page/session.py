"""Who sits at the desk: a signed cookie that holds the person and the token against forged requests."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from itsdangerous import BadSignature, URLSafeSerializer
from starlette.requests import Request
from starlette.responses import Response

from bot.desk.user import DeskUser

if TYPE_CHECKING:
    from bot.desk.desk import Desk

__all__ = ["Session", "Sessions"]


@dataclass(frozen=True, slots=True)
class Session:
    """A browser's session."""

    user: str
    csrf: str
    fresh: bool = False


class Sessions:
    """Reads and writes the cookie."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._signer = URLSafeSerializer(desk.session_secret, salt="session")
        # Cookies don't keep ports apart: two desks on one machine need two names.
        self.cookie = "desk_" + hashlib.sha256(desk.session_secret.encode()).hexdigest()[:8]

    def of(self, request: Request) -> Session:
        """Read the session, or begin one as the first person."""
        try:
            held = self._signer.loads(request.cookies.get(self.cookie, ""))
            user, csrf = str(held["user"]), str(held["csrf"])
        except (BadSignature, KeyError, TypeError):
            user, csrf = "", ""
        if self._desk.person(user) is None or not csrf:
            return Session(self._desk.config.users[0].id, secrets.token_urlsafe(24), fresh=True)
        return Session(user, csrf)

    def write(self, response: Response, session: Session) -> None:
        """Set the cookie: for this site, and out of a script's reach."""
        held = self._signer.dumps({"user": session.user, "csrf": session.csrf})
        response.set_cookie(self.cookie, str(held), httponly=True, samesite="strict", path="/")

    def allows(self, request: Request, session: Session) -> bool:
        """Tell whether a request that changes something comes from our own page."""
        given = request.headers.get("x-csrf-token", "")
        return not session.fresh and hmac.compare_digest(given.encode(), session.csrf.encode())

    def user(self, session: Session) -> DeskUser:
        """Sit down as the person of the session."""
        return self._desk.user(session.user)
