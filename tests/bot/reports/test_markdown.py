"""Audits as Markdown: the tables hold, and no title is more than text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.reports.audit_summary import AuditSummary
from bot.reports.markdown import LONGEST, escaped, markdown
from tests.support.summaries import case, outcome, summaries, summary, violation

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
FAILING = outcome(result="fail", count=3, open=2, changes={"opened": 2})


def rows(text: str) -> list[list[Token]]:
    """Give the cells of all rows of all tables."""
    found: list[list[Token]] = []
    cells: list[Token] = []
    for token in READER.parse(text):
        if token.type == "tr_close":
            found.append(cells)
            cells = []
        elif token.type == "inline" and token.level > 2:
            cells.append(token)
    return found


def shown(text: str) -> str:
    """Give the text that a reader sees of a line, and nothing if it has anything but text."""
    [inline] = [token for token in READER.parse(f"x {text} x") if token.type == "inline"]
    assert {child.type for child in inline.children or ()} <= {"text", "text_special"}
    return "".join(child.content for child in inline.children or ())[2:-2].replace("\u2060", "")


@given(summaries())
def test_whatever_a_title_holds_the_tables_hold(found: AuditSummary) -> None:
    widths: dict[int, int] = {}
    for token in READER.parse(markdown(found)):
        assert token.type not in ("html_block", "fence", "code_block", "blockquote_open", "bullet_list_open")
        for child in token.children or ():
            assert child.type not in ("link_open", "image", "html_inline", "s_open", "em_open")
    for cells in rows(markdown(found)):
        widths[len(cells)] = widths.get(len(cells), 0) + 1
    shown_violations = sum(len(one.sample[:5]) for one in found.cases)
    unjudged = sum(one.outcome.unjudged or one.outcome.result == "skip" for one in found.cases)
    assert widths == {
        number: count + 1 for number, count in ((9, len(found.cases)), (5, shown_violations), (3, unjudged)) if count
    }


@given(st.text(max_size=40))
def test_a_text_reads_as_it_was_written(text: str) -> None:
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    assert shown(escaped(text)) == plain.replace("\u2060", "")


def test_nobody_is_mentioned_and_nothing_is_linked() -> None:
    told = escaped("@octocat, see #12, GH-26 and https://evil.example, www.evil.example or a@b.example")
    assert "@" not in told
    assert "https:" not in told
    assert "www." not in told
    assert "&#64;&#8288;octocat" in told
    assert "&#35;&#8288;12" in told
    assert "GH&#45;&#8288;26" in told


def test_it_heads_with_what_is_open_and_ends_with_the_ledger() -> None:
    lines = markdown(summary(case(FAILING, violation()))).splitlines()
    assert lines[0] == "# Audit: 2 critical open, and it fails"
    assert lines[2] == (
        "Run 7 of revision 3, as of 2026-11-22T06:00:00.000000Z, by Cratecheck 0.1.0."
        " It fails from severity high on, and where a rule can't be judged."
    )
    assert lines[-1] == f"The ledger's head: entry 12, `{'cd' * 32}`."


def test_each_rule_has_a_line_of_numbers_the_worst_first() -> None:
    passing = outcome(rule="source-known", severity="high", judged=1200)
    text = markdown(summary(case(passing), case(FAILING, violation(), decided={"waived": 1})))
    assert [" ".join(cell.content for cell in cells) for cells in rows(text)][1:3] == [
        "licence-known songs critical **fails** 3 3 2 1 waived 2 opened",
        "source-known songs high passes 1,200 0 0  ",
    ]


def test_the_gravest_violations_come_first() -> None:
    grave = violation("grave")
    slight = violation("slight", severity="low", rule="region-known")
    low = outcome(rule="region-known", severity="low", result="fail", count=1, open=1)
    text = markdown(summary(case(low, slight), case(FAILING, grave)))
    assert text.index("| grave |") < text.index("| slight |")


def test_what_could_not_be_judged_has_a_table_of_its_own() -> None:
    text = markdown(summary(case(outcome(result="not_enough_evidence", reason="no track states it"))))
    assert "## What could not be judged" in text
    assert "| licence-known | songs | no track states it |" in text


def test_a_dry_run_says_that_it_wrote_nothing() -> None:
    text = markdown(summary(case(FAILING, violation()), run_id=None))
    assert "A dry run, which wrote nothing," in text
    assert "They stood before this dry run." in text


def test_it_never_grows_past_what_a_comment_takes_and_says_what_was_left_out() -> None:
    wide = [
        case(
            outcome(rule=f"rule-{number}", dataset="#" * 300, result="fail", count=9, open=9, reason="|" * 300),
            *[violation("<" * 300)] * 9,
        )
        for number in range(500)
    ]
    text = markdown(summary(*wide, idle=("@" * 60,) * 500))
    assert 50_000 < len(text.encode()) <= LONGEST
    assert text.count("rows more.") == 3
    assert "480 more" in text
    assert text.endswith("`.\n")
