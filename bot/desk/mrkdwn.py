"""Slack's mrkdwn as safe HTML.

https://docs.slack.dev/messaging/formatting-message-text. In a message's text ``&lt;``, ``&gt;`` and ``&amp;``
are escapes, ``<…>`` is a link, a mention or a date, and everything else is literal. Nothing of the text
reaches the page unescaped: first all ``<…>`` and code are set aside, then the rest is escaped and styled,
then what was set aside, each part escaped by itself, is put back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from markupsafe import Markup

from bot.desk.emoji import DOTS, EMOJI

__all__ = ["Reader", "rendered", "rendered_plain", "text_of"]


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a text is rendered: how mentions are named, and in which time zone.

    ``person``, ``channel`` and ``group`` give a name for an id, or None.
    """

    person: Callable[[str], str | None]
    channel: Callable[[str], str | None]
    group: Callable[[str], str | None]
    zone: ZoneInfo
    now: float
    me: str = ""


_FENCE = re.compile(r"```(.*?)```", re.DOTALL)
_ASIDE = re.compile(r"`([^`\n]+)`|<([^<>\n]*)>")
_STYLES = tuple(
    (re.compile(rf"(?<![\w{sign}]){sign}(?=\S)([^{sign}\n]+?)(?<=\S){sign}(?![\w{sign}])"), tag)
    for sign, tag in ((r"\*", "strong"), ("_", "em"), ("~", "del"))
)
_SHORTCODE = re.compile(r":([a-z0-9_+-]+):")
_SPECIAL = {"here": "@here", "channel": "@channel", "everyone": "@everyone"}


def rendered(text: str, reader: Reader) -> Markup:
    """Render mrkdwn."""
    pieces: list[str] = []
    # Odd parts of the split stand between fences.
    for number, part in enumerate(_FENCE.split(text.replace("\x00", ""))):
        if number % 2:
            code = _literal(_ASIDE.sub(lambda found: _label(found[2]) or found[0], part).strip("\n"))
            pieces.append(f"<pre><code>{code}</code></pre>")
        elif part.strip("\n"):
            pieces.append(_quoted(part.strip("\n"), reader))
    return Markup("".join(pieces))  # noqa: S704  every piece was escaped


def rendered_plain(text: str, *, emoji: bool = True) -> Markup:
    """Render a ``plain_text`` object: no markup, but line breaks and, where asked for, emoji."""
    safe = _literal(text)
    return Markup((_with_emoji(safe) if emoji else safe).replace("\n", "<br>"))  # noqa: S704  escaped


def text_of(text: str, reader: Reader) -> str:
    """Give the bare words of a mrkdwn text, for a screen reader or a title."""
    bare = re.sub(r"<[^>]*>", "", str(rendered(text, reader)).replace("<br>", " "))
    return str(Markup(bare).unescape())  # noqa: S704  unescaped again at once


def _quoted(text: str, reader: Reader) -> str:
    """Render lines, those that begin with ``>`` as a quotation."""
    html: list[str] = []
    run: list[str] = []
    in_quote = False

    def flush() -> None:
        if run:
            body = _inline("\n".join(run), reader)
            html.append(f"<blockquote>{body}</blockquote>" if in_quote else body)
            run.clear()

    for line in text.split("\n"):
        mark = re.match(r"(&gt;|>) ?", line)
        if bool(mark) != in_quote:
            flush()
            in_quote = bool(mark)
        run.append(line[mark.end() :] if mark else line)
    flush()
    return "".join(html)


def _inline(text: str, reader: Reader) -> str:
    aside: list[str] = []

    def set_aside(found: re.Match[str]) -> str:
        if found[1] is not None:
            aside.append(f"<code>{_literal(found[1])}</code>")
        else:
            aside.append(_special(found[2], reader))
        return f"\x00{len(aside) - 1}\x00"

    safe = _with_emoji(_literal(_ASIDE.sub(set_aside, text)))
    for pattern, tag in _STYLES:
        safe = pattern.sub(rf"<{tag}>\1</{tag}>", safe)
    safe = safe.replace("\n", "<br>")
    return re.sub("\x00(\\d+)\x00", lambda found: aside[int(found[1])], safe)


def _literal(text: str) -> str:
    """Undo Slack's three escapes, and escape for HTML."""
    return escape(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))


def _label(inside: str | None) -> str | None:
    """Give what a link inside of code shows; anything else in angle brackets stays."""
    target, _, label = (inside or "").partition("|")
    return (label or target) if target.startswith(("http:", "https:", "mailto:")) else None


def _with_emoji(safe: str) -> str:
    def shown(found: re.Match[str]) -> str:
        sign, colour = EMOJI.get(found[1]), DOTS.get(found[1])
        name = found[1].replace("_", " ")
        if colour:
            return f'<span class="emoji dot dot-{colour}" role="img" aria-label="{name}"></span>'
        return f'<span class="emoji" role="img" aria-label="{name}">{sign}</span>' if sign else found[0]

    return _SHORTCODE.sub(shown, safe)


def _special(inside: str, reader: Reader) -> str:
    """Render what stands between ``<`` and ``>``."""
    target, _, label = inside.partition("|")
    if target.startswith("@"):
        name = reader.person(target[1:]) or label or "unknown-user"
        me = " me" if target[1:] == reader.me else ""
        return f'<span class="mention{me}">@{_literal(name.removeprefix("@"))}</span>'
    if target.startswith("#"):
        known = reader.channel(target[1:])
        if known is None:
            return f'<span class="mention">#{_literal(label or "unknown-channel")}</span>'
        return f'<a class="mention" href="/c/{escape(known)}">#{escape(known)}</a>'
    if target.startswith("!"):
        return _command(target[1:], label, reader)
    return _link(target, label) or _literal(f"<{inside}>")


def _link(target: str, label: str) -> str | None:
    """Render a link to the web or to a mailbox, and to nothing else."""
    url = target.replace("&amp;", "&")
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if not (parts.scheme in ("http", "https") and parts.netloc) and not (parts.scheme == "mailto" and parts.path):
        return None
    shown = _literal(label) if label else escape(url.removeprefix("mailto:"))
    return f'<a href="{escape(url)}" target="_blank" rel="noopener noreferrer">{shown}</a>'


def _command(command: str, label: str, reader: Reader) -> str:
    name, _, rest = command.partition("^")
    if name == "subteam":
        handle = reader.group(rest) or label.removeprefix("@") or "unknown-group"
        return f'<span class="mention">@{_literal(handle)}</span>'
    if name == "date":
        return _date(rest, label, reader) or _literal(label or command)
    if name in _SPECIAL:
        return f'<span class="mention all">{_SPECIAL[name]}</span>'
    return _literal(label or f"<{command}>")


def _date(rest: str, fallback: str, reader: Reader) -> str | None:
    """Render ``<!date^seconds^format^link|fallback>`` in the reader's time zone."""
    stamp, _, pattern = rest.partition("^")
    pattern, _, link = pattern.partition("^")
    if not re.fullmatch(r"-?\d{1,11}", stamp) or not pattern:
        return None
    moment = datetime.fromtimestamp(int(stamp), reader.zone)
    today = datetime.fromtimestamp(reader.now, reader.zone)
    shown = re.sub(r"\{(\w+)\}", lambda found: _date_part(found[1], moment, today) or found[0], pattern)
    title = _literal(fallback)
    html = f'<time datetime="{moment.isoformat()}" title="{title}">{_literal(shown)}</time>'
    if link and (anchor := _link(link, "\x01")):
        return anchor.replace("\x01", html)
    return html


def _date_part(name: str, moment: datetime, today: datetime) -> str | None:
    plain = name.removesuffix("_pretty")
    if plain != name:
        near = {0: "today", 1: "tomorrow", -1: "yesterday"}.get((moment.date() - today.date()).days)
        if near is not None:
            return near
    day = moment.day
    nth = "th" if 10 < day % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    hour = moment.hour % 12 or 12
    half = "AM" if moment.hour < 12 else "PM"
    return {
        "date_num": f"{moment:%Y-%m-%d}",
        "date_slash": f"{moment:%m/%d/%Y}",
        "date": f"{moment:%B} {day}{nth}, {moment.year}",
        "date_short": f"{moment:%b} {day}, {moment.year}",
        "date_long": f"{moment:%A}, {moment:%B} {day}{nth}, {moment.year}",
        "time": f"{hour}:{moment:%M} {half}",
        "time_secs": f"{hour}:{moment:%M:%S} {half}",
        "ago": _ago(today - moment),
    }.get(plain)


def _ago(since: timedelta) -> str:
    seconds = abs(since.total_seconds())
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            span = f"{count} {unit}{'s' if count > 1 else ''}"
            return f"{span} ago" if since.total_seconds() > 0 else f"in {span}"
    return "just now"
