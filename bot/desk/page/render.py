"""The page's templates, and what they may ask for."""

from __future__ import annotations

import zlib
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jinja2 import ChainableUndefined, Environment, PackageLoader, select_autoescape
from markupsafe import Markup

from bot.desk.config import Person
from bot.desk.form_state import options_of
from bot.desk.mrkdwn import Reader, rendered, rendered_plain, text_of
from bot.desk.page.shown import Author, hue_of, reader_for
from bot.desk.store import Json

if TYPE_CHECKING:
    from bot.desk.desk import Desk

__all__ = ["Renderer"]

_ENVIRONMENT = Environment(
    loader=PackageLoader("bot.desk"),
    autoescape=select_autoescape(default=True),
    undefined=ChainableUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Renderer:
    """Renders templates for one person."""

    def __init__(self, desk: Desk, person: Person) -> None:
        self._desk = desk
        self._person = person
        self._reader: Reader = reader_for(desk, person)

    def __call__(self, template: str, **values: Any) -> str:
        """Render a template."""
        return _ENVIRONMENT.get_template(template).render(
            **values,
            text=self.text,
            mrkdwn=self.mrkdwn,
            words=self.words,
            clock=_clock,
            stamp=_stamp,
            version=_version,
            image_source=self.image_source,
            options_of=options_of,
            rich=self.rich,
            people=self._desk.config.users,
            avatar=self.avatar,
            channels=[c for c in self._desk.store.conversations.channels() if not c.archived],
        )

    def text(self, node: Json) -> Markup:
        """Render a text object."""
        if node["type"] == "mrkdwn":
            return rendered(node["text"], self._reader)
        return rendered_plain(node["text"], emoji=node.get("emoji", True))

    def mrkdwn(self, source: str) -> Markup:
        """Render a message's text."""
        return rendered(source, self._reader)

    def words(self, source: str) -> str:
        """Give a text without its markup."""
        return text_of(source, self._reader)

    def avatar(self, person: Person) -> Author:
        """Give a person's picture."""
        return Author(person.real_name, person.initials, hue_of(self._desk, person))

    def image_source(self, node: Json) -> str | None:
        """Give an image's address if it is one of ours; the page fetches nothing from elsewhere."""
        file = node.get("slack_file") or {}
        if file.get("id"):
            return f"/files/{file['id']}"
        parts = urlsplit(str(file.get("url") or node.get("image_url") or ""))
        ours = urlsplit(self._desk.url).netloc
        return parts.path if parts.netloc == ours and parts.path.startswith("/files/") else None

    def rich(self, element: Json) -> Markup:
        """Render the inside of a rich text element."""
        html = Markup("")
        for part in element.get("elements") or ():
            html += self._rich_part(part)
        return html

    def _rich_part(self, part: Json) -> Markup:
        kind = part.get("type")
        if kind == "text":
            return self._styled(rendered_plain(str(part.get("text", "")), emoji=False), part)
        if kind == "link":
            url, label = str(part.get("url", "")), str(part.get("text", ""))
            if ">" in url or "|" in url:
                return rendered_plain(label or url)
            return self._styled(rendered(f"<{url}|{_escaped(label or url)}>", self._reader), part)
        if kind == "emoji":
            return rendered_plain(f":{part.get('name', '')}:")
        marks = {"user": "@", "channel": "#", "usergroup": "!subteam^", "broadcast": "!"}
        if kind in marks:
            target = part.get(f"{kind}_id") or part.get("range") or ""
            return rendered(f"<{marks[kind]}{_escaped(str(target))}>", self._reader)
        return rendered_plain("") if kind != "rich_text_section" else self.rich(part)

    def _styled(self, html: Markup, part: Json) -> Markup:
        style = part.get("style") or {}
        for name, tag in (("bold", "strong"), ("italic", "em"), ("strike", "del"), ("code", "code")):
            if style.get(name):
                html = Markup("<{0}>{1}</{0}>").format(tag, html)
        return html


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M}"


def _stamp(moment: datetime) -> str:
    return f"{moment:%A}, {moment.day} {moment:%B %Y} at {moment:%H:%M:%S}"


def _version(html: str) -> str:
    """Give a short mark of some HTML, so that the page replaces only what has changed."""
    return f"{zlib.crc32(html.encode()):08x}"
