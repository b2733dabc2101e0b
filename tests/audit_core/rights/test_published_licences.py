"""What the table says, against what the licences' publishers say."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from license_expression import get_spdx_licensing

from audit_core.rights import LicenceTable, Traits, family, reading

HERE = Path(__file__).parent

FREEMUSI = list(csv.DictReader((HERE / "freemusi_licences.csv").read_text(encoding="utf-8").splitlines()))
"""All licence addresses of freemusi.cc (ojdo/freemusi.cc-database, commit 47098ed8a864; CC BY-SA 4.0) with the number
of tracks of each. The other two columns come from the addresses and the SPDX list, by a pattern of their own."""

# cc:prohibits CommercialUse, cc:permits DerivativeWorks, cc:requires ShareAlike and Attribution, as Creative Commons
# publishes them in the RDF of each licence. Not so of "sampling", "sampling+", "nc-sampling+" and "devnations": the
# vocabulary has no word for what their legal codes grant in part.
CCREL = {
    "by/3.0": Traits("yes", "yes", "no", "yes"),
    "by-sa/3.0": Traits("yes", "yes", "yes", "yes"),
    "by-nd/3.0": Traits("yes", "no", "no", "yes"),
    "by-nc/3.0": Traits("no", "yes", "no", "yes"),
    "by-nc-sa/3.0": Traits("no", "yes", "yes", "yes"),
    "by-nc-nd/3.0": Traits("no", "no", "no", "yes"),
    "by-nd-nc/1.0": Traits("no", "no", "no", "yes"),
    "sa/1.0": Traits("yes", "yes", "yes", "no"),
    "nd/1.0": Traits("yes", "no", "no", "no"),
    "nc/1.0": Traits("no", "yes", "no", "no"),
    "nc-sa/1.0": Traits("no", "yes", "yes", "no"),
    "nd-nc/1.0": Traits("no", "no", "no", "no"),
    "publicdomain": Traits("yes", "yes", "no", "no"),
}

# The national versions that are on the SPDX list 3.27.
PORTED_ON_SPDX = [
    "CC-BY-2.5-AU",
    "CC-BY-3.0-AT",
    "CC-BY-3.0-AU",
    "CC-BY-3.0-DE",
    "CC-BY-3.0-IGO",
    "CC-BY-3.0-NL",
    "CC-BY-3.0-US",
    "CC-BY-NC-3.0-DE",
    "CC-BY-NC-ND-3.0-DE",
    "CC-BY-NC-ND-3.0-IGO",
    "CC-BY-NC-SA-2.0-DE",
    "CC-BY-NC-SA-2.0-FR",
    "CC-BY-NC-SA-2.0-UK",
    "CC-BY-NC-SA-3.0-DE",
    "CC-BY-NC-SA-3.0-IGO",
    "CC-BY-ND-3.0-DE",
    "CC-BY-SA-2.0-UK",
    "CC-BY-SA-2.1-JP",
    "CC-BY-SA-3.0-AT",
    "CC-BY-SA-3.0-DE",
    "CC-BY-SA-3.0-IGO",
]


@pytest.mark.parametrize("row", FREEMUSI, ids=lambda row: row["license_url"] or "blank")
def test_every_licence_of_a_real_catalogue_is_read(row: dict[str, str], table: LicenceTable) -> None:
    read = reading(row["license_url"], table)
    assert (read.spdx or "", family(read, table)) == (row["spdx"], row["family"])
    assert read.state == ("known" if row["spdx"] else "absent")


def test_its_tracks_are_counted_by_class_as_by_another_hand(table: LicenceTable) -> None:
    counted: Counter[str] = Counter()
    for row in FREEMUSI:
        counted[family(reading(row["license_url"], table), table)] += int(row["tracks"])
    assert counted == {
        "by-nc-nd": 11_651, "by-nc-sa": 4_786, "none": 2_238, "by-nc": 809, "by": 640, "by-sa": 626, "by-nd": 582,
        "cc0": 53, "site": 52, "public-domain": 40, "nc-sampling+": 25,
    }  # fmt: skip


@pytest.mark.parametrize(("path", "traits"), CCREL.items())
def test_traits_agree_with_what_creative_commons_publishes(path: str, traits: Traits, table: LicenceTable) -> None:
    read = reading(f"http://creativecommons.org/licenses/{path}/", table)
    assert table.terms(read.spdx or "").traits == traits


@pytest.mark.parametrize("version", ["1.0", "2.0", "2.5", "3.0", "4.0"])
@pytest.mark.parametrize("code", ["by", "by-sa", "by-nd", "by-nc", "by-nc-sa", "by-nc-nd"])
def test_every_version_has_its_spdx_identifier_and_the_same_traits(
    code: str, version: str, table: LicenceTable
) -> None:
    read = reading(f"https://creativecommons.org/licenses/{code}/{version}/", table)
    assert read.spdx == f"CC-{code.upper()}-{version}"
    assert table.terms(read.spdx).offers == table.terms(f"CC-{code.upper()}-3.0").offers


@pytest.mark.parametrize("identifier", PORTED_ON_SPDX)
def test_a_national_version_has_its_spdx_identifier_where_there_is_one(identifier: str, table: LicenceTable) -> None:
    *code, version, place = identifier.removeprefix("CC-").lower().split("-")
    address = f"https://creativecommons.org/licenses/{'-'.join(code)}/{version}/{place}/"
    assert reading(address, table).spdx == identifier


def test_all_creative_commons_identifiers_of_spdx_have_traits(table: LicenceTable) -> None:
    listed = [name for name in get_spdx_licensing().known_symbols if name.startswith(("CC-", "CC0"))]
    assert len(listed) > 50
    assert [name for name in listed if table.licence(name) is None] == []


@pytest.mark.parametrize("identifier", ["CC-BY-NC-ND-1.0", "LicenseRef-CC-BY-NC-3.0-IT"])
def test_a_licence_says_where_it_was_read(identifier: str, table: LicenceTable) -> None:
    licence = table.licence(identifier)
    assert licence is not None
    assert licence.source in {
        "https://creativecommons.org/licenses/by-nd-nc/1.0/legalcode",
        "https://creativecommons.org/licenses/by-nc/3.0/it/legalcode",
    }
    assert any("training a model" in topic for topic in licence.unsaid)
