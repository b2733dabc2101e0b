"""mrkdwn as its page documents it (https://docs.slack.dev/messaging/formatting-message-text)."""

from __future__ import annotations

from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.desk.mrkdwn import Reader, rendered, rendered_plain, text_of

READER = Reader(
    person={"U1": "Nina"}.get,
    channel={"C1": "audit"}.get,
    group={"S1": "legal"}.get,
    zone=ZoneInfo("America/Los_Angeles"),
    now=1392734382.0,
    me="U1",
)
LINK = 'target="_blank" rel="noopener noreferrer"'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*bold* _it_ ~gone~", "<strong>bold</strong> <em>it</em> <del>gone</del>"),
        ("*a _b_ c*", "<strong>a <em>b</em> c</strong>"),
        ("snake_case_name 2*3*4 a * b *", "snake_case_name 2*3*4 a * b *"),
        ("`*not bold* <x>`", "<code>*not bold* &lt;x&gt;</code>"),
        ("a\n```one\n  *two*```\nb", "a<pre><code>one\n  *two*</code></pre>b"),
        ("line\nbreak", "line<br>break"),
        ("&gt; quoted\n> again\nnot", "<blockquote>quoted<br>again</blockquote>not"),
        ("a &lt;b&gt; &amp; c", "a &lt;b&gt; &amp; c"),
        ("&amp;lt;", "&amp;lt;"),
        ("<@U1>", '<span class="mention me">@Nina</span>'),
        ("<@U9|otis>", '<span class="mention">@otis</span>'),
        ("<#C1>", '<a class="mention" href="/c/audit">#audit</a>'),
        ("<#C9>", '<span class="mention">#unknown-channel</span>'),
        ("<!here>", '<span class="mention all">@here</span>'),
        ("<!subteam^S1>", '<span class="mention">@legal</span>'),
        ("<https://a.b/?x=1&amp;y=2|see>", f'<a href="https://a.b/?x=1&amp;y=2" {LINK}>see</a>'),
        ("*<https://a.b|see>*", f'<strong><a href="https://a.b" {LINK}>see</a></strong>'),
        ("<mailto:a@b.c>", f'<a href="mailto:a@b.c" {LINK}>a@b.c</a>'),
        ("<javascript:alert(1)|x>", "&lt;javascript:alert(1)|x&gt;"),
        ("<http://[|x>", "&lt;http://[|x&gt;"),
        ("<data:text/html,x|y>", "&lt;data:text/html,x|y&gt;"),
        ('<script>alert("x")</script>', "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;"),
        (":tada: :no_such_thing:", '<span class="emoji" role="img" aria-label="tada">🎉</span> :no_such_thing:'),
        (
            ":large_red_circle:",
            '<span class="emoji dot dot-red" role="img" aria-label="large red circle"></span>',
        ),
    ],
)
def test_a_text_is_rendered_as_documented(text: str, html: str) -> None:
    assert str(rendered(text, READER)) == html


@pytest.mark.parametrize(
    ("pattern", "shown"),
    [
        # The documentation's own moment, 1392734382: 18 February 2014, 6:39 in San Francisco.
        ("{date_num}", "2014-02-18"),
        ("{date}", "February 18th, 2014"),
        ("{date_short}", "Feb 18, 2014"),
        ("{date_long}", "Tuesday, February 18th, 2014"),
        ("{date_short_pretty} at {time}", "today at 6:39 AM"),
        ("{time_secs}", "6:39:42 AM"),
        ("Posted {unknown}", "Posted {unknown}"),
    ],
)
def test_a_date_is_shown_in_the_readers_time_zone(pattern: str, shown: str) -> None:
    html = str(rendered(f"<!date^1392734382^{pattern}|February 18th, 2014 PST>", READER))
    assert f">{shown}</time>" in html
    assert 'datetime="2014-02-18T06:39:42-08:00"' in html


def test_a_date_without_a_moment_shows_its_fallback() -> None:
    assert str(rendered("<!date^soon^{date}|some day>", READER)) == "some day"


def test_plain_text_knows_no_markup() -> None:
    assert str(rendered_plain("*a* <@U1>\n:tada:", emoji=False)) == "*a* &lt;@U1&gt;<br>:tada:"


def test_the_bare_words_of_a_text_are_told_to_a_screen_reader() -> None:
    assert text_of("*Hi* <@U1>, a &lt; b\n<https://a.b|see>", READER) == "Hi @Nina, a < b see"


class Tags(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


KNOWN = {"strong", "em", "del", "code", "pre", "br", "blockquote", "span", "a", "time"}
pieces = st.sampled_from(
    ["<", ">", "&", "|", '"', "'", "*", "_", "~", "`", "```", "\n", ":", "&lt;", "&gt;", "&amp;", "\x00", "0",
     "<@U1>", "<!date^1^{date}^http://x|", "javascript:", "http://a.b", "onerror=", "<img src=x>", "a b", "ü"]
)  # fmt: skip


@given(st.lists(pieces | st.text(max_size=3), max_size=25).map("".join))
def test_no_text_whatever_brings_markup_or_scripts_of_its_own(text: str) -> None:
    html = str(rendered(text, READER))
    tags = Tags()
    tags.feed(html)
    assert {tag for tag, _ in tags.seen} <= KNOWN
    for _, attributes in tags.seen:
        assert set(attributes) <= {"class", "href", "target", "rel", "datetime", "title", "role", "aria-label"}
        link = attributes.get("href")
        assert link is None or link.startswith(("http://", "https://", "mailto:", "/c/"))
    assert "\x00" not in html
