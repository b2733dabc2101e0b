from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_core.rights import LicenceTable, family, reading

KNOWN = {
    # names
    "CC BY 4.0": "CC-BY-4.0",
    "cc-by-4.0": "CC-BY-4.0",
    "cc_by_nc_sa_4.0": "CC-BY-NC-SA-4.0",
    "CC BY-NC-SA 4.0": "CC-BY-NC-SA-4.0",
    "CC-BY-NC-SA 3.0 DE": "CC-BY-NC-SA-3.0-DE",
    "CC BY-ND-NC 1.0": "CC-BY-NC-ND-1.0",
    "CC BY 4": "CC-BY-4.0",
    "CC BY v3.0": "CC-BY-3.0",
    "CC-BY-NC-ND-3.0-IT": "LicenseRef-CC-BY-NC-ND-3.0-IT",
    "Attribution-NonCommercial 3.0": "CC-BY-NC-3.0",
    "Attribution 4.0 International": "CC-BY-4.0",
    "Attribution-Noncommercial-Share Alike 3.0 United States": "LicenseRef-CC-BY-NC-SA-3.0-US",
    "Attribution-Noncommercial-No Derivative Works 3.0 Germany": "CC-BY-NC-ND-3.0-DE",
    "Attribution 2.0 UK: England & Wales": "LicenseRef-CC-BY-2.0-UK",
    "Attribution-NonCommercial-NoDerivatives (aka Music Sharing) 3.0 International": "CC-BY-NC-ND-3.0",
    "Creative Commons Attribution-ShareAlike 4.0 International Public License": "CC-BY-SA-4.0",
    "Creative Commons Attribution 3.0 Unported License.": "CC-BY-3.0",
    "License: CC BY 4.0": "CC-BY-4.0",
    "Licensed under a Creative Commons Attribution-NonCommercial 4.0 International License": "CC-BY-NC-4.0",
    "CC0": "CC0-1.0",
    "CC-0": "CC0-1.0",
    "CC0 1.0 Universal (CC0 1.0)": "CC0-1.0",
    "Creative Commons Zero": "CC0-1.0",
    "public domain": "LicenseRef-Public-Domain",
    "Public Domain Mark 1.0": "CC-PDM-1.0",
    "Sampling+": "LicenseRef-CC-Sampling-Plus-1.0",
    "CC Sampling+": "LicenseRef-CC-Sampling-Plus-1.0",
    "NonCommercial Sampling Plus 1.0": "LicenseRef-CC-NC-Sampling-Plus-1.0",
    "FMA-Limited: Download Only": "LicenseRef-FMA-Limited",
    "MIT License": "MIT",
    "mit": "MIT",
    "Apache License, Version 2.0": "Apache-2.0",
    "GPL-3.0": "GPL-3.0-only",
    "GPL-2.0+": "GPL-2.0-or-later",
    "All Rights Reserved.": "LicenseRef-All-Rights-Reserved",
    # addresses, whole and cut
    "http://creativecommons.org/licenses/by-nd-nc/1.0/": "CC-BY-NC-ND-1.0",
    "by-nd-nc/1.0": "CC-BY-NC-ND-1.0",
    "by-nc-nd/3.0/de/": "CC-BY-NC-ND-3.0-DE",
    "https://creativecommons.org/licenses/by-nc-nd/3.0/de/": "CC-BY-NC-ND-3.0-DE",
    "http://creativecommons.org/licenses/publicdomain/": "CC-PDDC",
    "https://creativecommons.org/publicdomain/certification/1.0/us/": "CC-PDDC",
    "nc-sampling+/1.0": "LicenseRef-CC-NC-Sampling-Plus-1.0",
    "http://creativecommons.org/licenses/sampling+/1.0/": "LicenseRef-CC-Sampling-Plus-1.0",
    "http://creativecommons.org/licenses/sampling%2B/1.0/br/": "LicenseRef-CC-Sampling-Plus-1.0-BR",
    "http://creativecommons.org/licenses/nc-samplingplus/1.0/tw": "LicenseRef-CC-NC-Sampling-Plus-1.0-TW",
    "zero/1.0": "CC0-1.0",
    "mark/1.0": "CC-PDM-1.0",
    "https://creativecommons.org/publicdomain/zero/1.0/deed.fr": "CC0-1.0",
    "http://www.creativecommons.org/licenses/by/4.0": "CC-BY-4.0",
    "creativecommons.org/licenses/by/4.0/": "CC-BY-4.0",
    "HTTPS://CreativeCommons.org/licenses/BY/4.0/legalcode.txt": "CC-BY-4.0",
    "https://creativecommons.org/licenses/by/4.0/deed.zh-hans": "CC-BY-4.0",
    "https://creativecommons.org/licenses/by-nc-sa/2.0/de/deed.en?ref=chooser#x": "CC-BY-NC-SA-2.0-DE",
    "http://freemusicarchive.org/FMA_License": "LicenseRef-FMA-Limited",
    "https://opensource.org/licenses/MIT": "MIT",
    "https://www.apache.org/licenses/LICENSE-2.0": "Apache-2.0",
    "https://artlibre.org/licence/lal/en/": "LAL-1.3",
    "https://www.govdata.de/dl-de/by-2-0": "DL-DE-BY-2.0",
    # a name with its address or its short form
    "Attribution-NonCommercial-ShareAlike 4.0 International (CC BY-NC-SA 4.0)": "CC-BY-NC-SA-4.0",
    "CC BY-NC (https://creativecommons.org/licenses/by-nc/4.0/)": "CC-BY-NC-4.0",
    "CC BY 4.0 <https://creativecommons.org/licenses/by/4.0/>": "CC-BY-4.0",
    "Attribution 4.0 International (CC BY 4.0): https://creativecommons.org/licenses/by/4.0/": "CC-BY-4.0",
    "This work is licensed under the Creative Commons Attribution 4.0 International License. To view a copy of this "
    "license, visit http://creativecommons.org/licenses/by/4.0/ or send a letter to Creative Commons, PO Box 1866, "
    "Mountain View, CA 94042, USA.": "CC-BY-4.0",
    # expressions
    "MIT OR Apache-2.0": "MIT OR Apache-2.0",
    "mit or apache-2.0": "MIT OR Apache-2.0",
    "MIT License and CC BY 4.0": "MIT AND CC-BY-4.0",
    "MIT License OR CC BY 4.0": "MIT OR CC-BY-4.0",
    "(CC BY 4.0 and cc0) OR GPL-3.0-or-later": "(CC-BY-4.0 AND CC0-1.0) OR GPL-3.0-or-later",
    "(((MIT)AND(ISC)))": "MIT AND ISC",
    "gpl-2.0-only with classpath-exception-2.0": "GPL-2.0-only WITH Classpath-exception-2.0",
    "LicenseRef-FMA-Limited AND https://creativecommons.org/licenses/by/4.0/": "LicenseRef-FMA-Limited AND CC-BY-4.0",
    # what others call ours
    "licenseref-cc-by-nc-nd-3.0-it": "LicenseRef-CC-BY-NC-ND-3.0-IT",
    "LicenseRef-scancode-cc-by-nc-nd-2.0-at": "LicenseRef-CC-BY-NC-ND-2.0-AT",
    "LicenseRef-scancode-cc-sampling-plus-1.0": "LicenseRef-CC-Sampling-Plus-1.0",
    "LicenseRef-scancode-public-domain": "LicenseRef-Public-Domain",
    # typography
    "\ufeffCC\u00a0BY\u20114.0 ": "CC-BY-4.0",
    "ＣＣ　ＢＹ　４.０": "CC-BY-4.0",
    "“CC BY 4.0”": "CC-BY-4.0",
    "CC BY\n4.0": "CC-BY-4.0",
}

UNKNOWN = {
    "free for friends": "not a licence that the table knows",
    "LicenseRef-Nobody-Knows": "not a licence that the table knows",
    "?": "nobody knows",
    "none": "may mean",
    "n/a": "nobody looked",
    "CC": "not which of its licences",
    "Creative Commons": "not which of its licences",
    "https://creativecommons.org/": "none of its licences",
    "https://creativecommons.org/about": "not to one of its licences",
    "Attribution": "names no licence",
    "Attribution and ShareAlike": "names no licence",
    "GPL": "not which version",
    "royalty-free": "how one pays",
    "CC BY 5.0": "no version 5.0 of BY",
    "CC SA 4.0": "no version 4.0 of SA",
    "CC BY 2.1": "only by country",
    "https://creativecommons.org/licenses/by/4.0/de/": 'no version 4.0 of BY for "de"',
    "https://creativecommons.org/licenses/by/3.0/xx/": 'no version 3.0 of BY for "xx"',
    "CC BY-ND-SA 3.0": 'no licence "by-nd-sa"',
    "https://creativecommons.org/licenses/by-foo/3.0/": 'no licence "by-foo"',
    "CC BY BY 4.0": "not a licence that the table knows",
    "CC BY 4.0 3.0": "not a licence that the table knows",
    "https://example.org/terms": 'no licence is known at the address "example.org/terms"',
    "http://creativecommons.org.evil.example/licenses/by/4.0/": "no licence is known at the address",
    "http://creativecommons.org@evil.example/licenses/by/4.0/": "not a licence that the table knows",
    "CC BY 4.0 (CC BY-NC 4.0)": "are not the same licence",
    "CC BY 4.0 https://creativecommons.org/licenses/by-nc/4.0/": "are not the same licence",
    "CC BY 3.0 https://creativecommons.org/licenses/by/4.0/": "are not the same licence",
    "CC BY 4.0 (revoked)": "for a person to judge",
    "CC BY 4.0 and revoked in 2020": "for a person to judge",
    "CC BY 4.0, MIT": "AND",
    "MIT/Apache-2.0": "AND",
    "CC BY 4.0 and no AI training": '"no AI training" is not a licence',
    "CC BY 4.0 OR GPL": 'of "GPL": it says GPL, but not which version',
    "CC BY 4.0 or CC BY-NC 4.0": 'it may also mean "it varies"',
    "MIT WITH Apache-2.0": "no exception that SPDX lists",
    "Classpath-exception-2.0": "not a licence that the table knows",
    "No part of this is licensed under CC BY 4.0": "not a licence that the table knows",
    "MIT+": "not a licence that the table knows",
}

NOT_BUILT_LIKE_ONE = [
    "MIT AND",
    "OR MIT",
    "MIT AND AND ISC",
    "(MIT AND ISC",
    "MIT) AND (ISC",
    "( ) AND MIT",
    "(AND MIT)",
    "MIT WITH",
    "MIT (ISC) AND MIT",
]


@pytest.mark.parametrize(("text", "spdx"), KNOWN.items())
def test_a_licence_is_read_however_it_is_written(text: str, spdx: str, table: LicenceTable) -> None:
    read = reading(text, table)
    assert (read.state, read.spdx, read.reason) == ("known", spdx, None)
    assert read.text == text


@pytest.mark.parametrize(("text", "reason"), UNKNOWN.items())
def test_what_is_no_known_licence_stays_unknown_and_says_why(text: str, reason: str, table: LicenceTable) -> None:
    read = reading(text, table)
    assert (read.state, read.spdx) == ("unknown", None)
    assert reason in (read.reason or "")


@pytest.mark.parametrize("text", NOT_BUILT_LIKE_ONE)
def test_a_crooked_expression_stays_unknown(text: str, table: LicenceTable) -> None:
    read = reading(text, table)
    assert read.state == "unknown"
    assert "not built like one" in (read.reason or "")


@pytest.mark.parametrize("text", [None, "", " ", "\t\r\n", "\u00a0", "\ufeff", "\u200b \u200d"])
def test_a_blank_is_absent_and_not_unknown(text: str | None, table: LicenceTable) -> None:
    read = reading(text, table)
    assert (read.state, read.spdx, read.reason) == ("absent", None, None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x" * 1_000_000, "1,000,000 characters long"),
        ("CC BY 4.0 " * 100_000, "characters long"),
        ("(" * 1_000, "is not a licence"),
        ("(" * 490 + "MIT OR ISC" + ")" * 490, None),
        ("MIT OR (" * 110 + "ISC" + ")" * 110, None),
        ("MIT AND " * 120 + "ISC", None),
        ("(MIT OR ISC) AND " * 55 + "MIT", None),
        ("\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 1_000, "is not a licence"),
        ("MIT\x00", "no text"),
        ("\x1b[31mMIT", "no text"),
        ("MIT\udcff", "no text"),
        ("MIT\u202eTIM", "is not a licence"),
        ("- " * 500, "is not a licence"),
        ("a." * 499 + "a/", "is not a licence"),
        ("CC " * 333, "is not a licence"),
    ],
)
def test_hostile_texts_are_answered_at_once(text: str, reason: str | None, table: LicenceTable) -> None:
    start = time.perf_counter()
    read = reading(text, table)
    assert time.perf_counter() - start < 1
    assert read.state == ("unknown" if reason else "known")
    assert (reason or "") in (read.reason or "")
    assert len(read.reason or "") < 300
    assert (read.reason or "").isprintable()


words = st.sampled_from(
    ["CC", "BY", "by-nc", "SA", "4.0", "3.0", "DE", "(", ")", "AND", "or", "WITH", "MIT", "https://creativecommons.org",
     "/licenses/", "by/", "Attribution", "License", "zero/1.0", "?", "+", "-", "/", ".", "\u200b", "revoked",
     "LicenseRef-",     "GPL-2.0-only", "Classpath-exception-2.0"]
)  # fmt: skip


@given(st.text(max_size=1_200) | st.lists(words, max_size=40).map(" ".join) | st.lists(words, max_size=12).map("".join))
def test_any_text_is_read_and_what_comes_out_reads_as_itself(table: LicenceTable, text: str) -> None:
    read = reading(text, table)
    assert (read.spdx is None) == (read.state != "known")
    assert (read.reason is None) == (read.state != "unknown")
    if read.spdx:
        assert reading(read.spdx, table).spdx == read.spdx
        assert table.terms(read.spdx).alternatives


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("CC BY-NC-ND 3.0 DE", "by-nc-nd"),
        ("CC BY-NC", "by-nc"),
        ("CC0", "cc0"),
        ("sampling+", "sampling+"),
        ("MIT OR Apache-2.0", "software"),
        ("CC-BY-3.0 AND CC-BY-4.0", "by"),
        ("MIT AND CC-BY-4.0", "mixed"),
        ("AFL-3.0", "other"),
        ("FMA-Limited", "site"),
        ("free for friends", "unknown"),
        ("", "none"),
    ],
)
def test_a_reading_is_counted_in_a_class(text: str, counted: str, table: LicenceTable) -> None:
    assert family(reading(text, table), table) == counted
