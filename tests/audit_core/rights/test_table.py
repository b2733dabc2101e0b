from __future__ import annotations

from pathlib import Path

import pytest

from audit_core.errors import Problems
from audit_core.rights import LicenceTable, Traits, family, judge, reading

OURS = """\
licences:
  LicenseRef-Our-Label:
    {commercial: yes, derivatives: unsaid, share_alike: no, attribution: yes, family: contract,
     source: contract 2024-17 §3, unsaid: [territory]}
aliases:
  our label standard: LicenseRef-Our-Label
  https://label.example/terms/: LicenseRef-Our-Label
  pay one, take both: LicenseRef-Our-Label AND MIT
vague:
  see booklet: the booklet is not at hand
"""

ROW = "{commercial: yes, derivatives: yes, share_alike: no, attribution: no, family: x, source: y}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "licences.yaml"


def load(file: Path, content: str | bytes) -> LicenceTable:
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return LicenceTable.load(file)


def complaint(file: Path, content: str | bytes) -> str:
    with pytest.raises(Problems) as caught:
        load(file, content)
    return str(caught.value).replace(str(file), "licences.yaml")


def test_a_workspace_adds_licences_names_and_texts_that_name_none(file: Path) -> None:
    table = load(file, OURS)
    read = reading("Our Label: Standard", table)
    assert read.spdx == "LicenseRef-Our-Label"
    assert reading("http://www.label.example/terms", table).spdx == "LicenseRef-Our-Label"
    assert reading("pay one; take both", table).state == "unknown"
    assert reading("Pay one, take both.", table).spdx == "LicenseRef-Our-Label AND MIT"
    assert reading("licenseref-our-label", table).spdx == "LicenseRef-Our-Label"
    assert reading("see booklet", table).reason == "the booklet is not at hand"
    assert family(read, table) == "contract"
    assert table.terms("LicenseRef-Our-Label").traits == Traits("yes", "unsaid", "no", "yes")
    assert judge([read], table, require=["derivatives"]).outcome == "unknown"


def test_what_a_workspace_adds_is_nothing_to_the_table_that_ships(file: Path, table: LicenceTable) -> None:
    load(file, OURS)
    assert reading("our label standard", table).state == "unknown"


def test_a_workspace_replaces_an_entry_when_it_says_so(file: Path) -> None:
    table = load(
        file,
        "licences:\n  LicenseRef-Public-Domain: "
        + ROW.replace("source: y", "source: y, replaces: yes").replace("commercial: yes", "commercial: unsaid"),
    )
    assert table.terms("LicenseRef-Public-Domain").traits.commercial == "unsaid"


def test_a_workspace_gives_a_name_another_meaning(file: Path) -> None:
    table = load(file, "aliases:\n  attribution: CC-BY-4.0\nvague:\n  public domain: says who?\n")
    assert reading("Attribution", table).spdx == "CC-BY-4.0"
    assert reading("public domain", table).reason == "says who?"


def test_a_later_file_goes_before_an_earlier_one(tmp_path: Path) -> None:
    one, two = tmp_path / "1.yaml", tmp_path / "2.yaml"
    one.write_text("aliases: {ours: MIT}")
    two.write_text("aliases: {ours: ISC}")
    assert reading("ours", LicenceTable.load(one, two)).spdx == "ISC"


def test_an_empty_file_adds_nothing(file: Path, table: LicenceTable) -> None:
    assert reading("CC BY 4.0", load(file, "# nothing yet\n")).spdx == reading("CC BY 4.0", table).spdx


def test_the_digest_tells_contents_apart_and_not_their_layout(file: Path, table: LicenceTable) -> None:
    assert len(table.digest) == 64
    assert LicenceTable.load().digest == table.digest
    first = load(file, "aliases: {ours: MIT}").digest
    assert first != table.digest
    assert load(file, "# a comment\naliases:\n  ours:   MIT\n").digest == first
    assert load(file, "aliases: {ours: ISC}").digest != first


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("licences:\n  MITT: " + ROW, 'licences.yaml:2:3: "MITT" is no SPDX identifier. Did you mean "MIT"?'),
        ("licences:\n  LicenseRef-A b: " + ROW, 'licences.yaml:2:3: "LicenseRef-A b" is no SPDX identifier'),
        ("licences:\n  afl-3.0: " + ROW, 'licences.yaml:2:3: "afl-3.0" is written "AFL-3.0"'),
        ("licences:\n  MIT: " + ROW, 'licences.yaml:2:3: "MIT" is in the table already. To put yours in its place'),
        ("licences:\n  LicenseRef-X: " + ROW[:-1] + ", replaces: yes}", '2:3: "LicenseRef-X" replaces nothing'),
        ("licences:\n  LicenseRef-X: " + ROW.replace("commercial: yes", "commercial: maybe"),
         'licences.yaml:2:30: "maybe" is no answer to "commercial". Choose from: yes, no, unsaid.'),
        ("licences:\n  LicenseRef-X: " + ROW.replace("commercial: yes", "commercial: true"),
         '"true" is no answer to "commercial"'),
        ("licences:\n  LicenseRef-X: " + ROW.replace("commercial: yes, ", ""), '2:17: the key "commercial" is missing'),
        ("licences:\n  LicenseRef-X: " + ROW.replace("commercial", "comercial"),
         '2:18: unknown key "comercial". Did you mean "commercial"?'),
        ("licences:\n  LicenseRef-X: " + ROW.replace("source: y", 'source: ""'), '2:106: nothing is written here'),
        ("licences:\n  LicenseRef-X: " + ROW.replace("family: x", "family: My Own"), '2:95: string should match'),
        ("licences:\n  LicenseRef-X: yes", '2:17: expected keys with their values, and found the text "yes"'),
        ("licences: [MIT]", '1:11: expected keys with their values, and found a list'),
        ("- MIT", "licences.yaml:1:1: expected keys with their values, and found a list"),
        ("licenses: {}", 'licences.yaml:1:1: unknown key "licenses". Did you mean "licences"?'),
        ("aliases:\n  ours: [MIT]", '2:9: expected text, and found a list'),
        ("aliases:\n  ours: MITT", '2:9: "MITT" is no known licence. Did you mean "MIT"?'),
        ("aliases:\n  ours: MIT OR mitt", '"MIT OR mitt" is no known licence'),
        ("aliases:\n  ours: MIT AND", '"MIT AND" is no known licence'),
        ("aliases:\n  MIT: ISC", '2:3: "MIT" is the identifier "MIT" and can mean nothing else'),
        ("aliases:\n  our label: MIT\n  Our-Label: ISC", '3:3: "Our-Label" is the same as "our label"'),
        ("aliases: {ours: MIT}\nvague: {Ours: who knows}", '"ours" is the same as "Ours"'),
        ("aliases:\n  ours: MIT\n  ours: ISC", '3:3: the key "ours" stands here twice. It is in line 2 already'),
        ('aliases:\n  "": MIT', "2:3: an empty name"),
        ('aliases:\n  "a\\ue000": MIT', "can't be a name: it holds characters that are no text"),
        ('aliases:\n  "\\e[31m": MITT', "2:3: a control character (U+001B)"),
        ("licences: &a {}\naliases: *a", '1:11: an anchor, "&a"'),
        ("aliases: !!python/object:os.system {}", "1:10: a tag"),
        ("? [a]\n: b", "a key that is not text"),
        ("aliases: {a: MIT}\n---\naliases: {b: MIT}", "2:1: a second document begins here. One file holds one"),
        ("aliases: {a: MIT", "licences.yaml:1:10: braces that are never closed"),
        ("aliases:\n\ta: MIT", "licences.yaml:2:1: a tab. Licence tables are indented with spaces"),
        ("[" * 100_000, "nested deeper than 32 levels. No licence table needs that"),
        (b"aliases: {a: \xff}", "licences.yaml:1:14: not UTF-8 text"),
        (b"aliases: {a: \x00}", "1:14: a NUL byte"),
        (b"#" * 1_000_001, "larger than 1 MB"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place_and_its_mend(content: str | bytes, message: str, file: Path) -> None:
    assert message in complaint(file, content)


def test_all_mistakes_of_a_file_are_told_at_once(file: Path) -> None:
    told = complaint(file, f"licences:\n  MITT: {ROW}\naliases:\n  ours: ISCC\n  MIT: ISC\n")
    assert [line.split(" ")[0] for line in told.splitlines() if line.startswith("licences.yaml")] == [
        "licences.yaml:2:3:",
        "licences.yaml:4:9:",
        "licences.yaml:5:3:",
    ]


def test_the_line_is_shown_with_a_caret(file: Path) -> None:
    assert complaint(file, "aliases:\n  ours: MITT\n").endswith("\n  2 |   ours: MITT\n    |         ^")


def test_a_file_that_is_not_there_is_named(file: Path) -> None:
    with pytest.raises(Problems, match=r"licences\.yaml: can't be read: no such file"):
        LicenceTable.load(file)


def test_a_folder_is_not_a_table(tmp_path: Path) -> None:
    with pytest.raises(Problems, match="can't be read: is a directory"):
        LicenceTable.load(tmp_path)


def test_terms_of_what_is_no_expression_are_the_callers_mistake(table: LicenceTable) -> None:
    for wrong in ("MIT AND", "", "( )", "( AND MIT"):
        with pytest.raises(ValueError, match="expression"):
            table.terms(wrong)


def test_a_licence_without_traits_leaves_all_unsaid(table: LicenceTable) -> None:
    assert table.licence("AFL-3.0") is None
    assert table.terms("AFL-3.0").traits == Traits()


def test_a_version_left_open_is_told_from_one_that_is_stated(table: LicenceTable) -> None:
    assert table.without_version("CC-BY-NC-3.0") == "LicenseRef-CC-BY-NC"
    assert table.without_version("LicenseRef-CC-BY-NC") is None
    assert table.without_version("LicenseRef-CC-Sampling-Plus-1.0") is None
    assert table.without_version("MIT") is None
