"""The Creative Commons licences: which were published, and how they are named and linked to.

Their identifier is that of the SPDX list where it has one (``CC-BY-3.0-DE``), else a ``LicenseRef-`` of the same build
(``LicenseRef-CC-BY-NC-ND-3.0-IT``). A licence whose version nobody stated has an identifier without one. A version or a
country that was never published is not replaced by the nearest: it stays unread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal

from pydantic import Field

from audit_core.placed_yaml.models import Strict
from audit_core.rights import spdx
from audit_core.rights.entries import Licence, TraitsRow
from audit_core.rights.spelling import Unread, key

__all__ = ["CreativeCommons", "CreativeCommonsFile"]

_HOST: Final = "creativecommons.org"
_UNPORTED: Final = "unported"
_STEMS: Final = {
    "sampling": "Sampling",
    "sampling+": "Sampling-Plus",
    "nc-sampling+": "NC-Sampling-Plus",
    "devnations": "DevNations",
}
_PATH: Final = re.compile(r"(?P<elements>[a-z+ ]+)/(?P<version>\d\.\d)(?:/(?P<place>[a-z]+))?/?")
_VERSION: Final = re.compile(r"v?(\d)(?:\.(\d))?")
_SHAPE: Final = re.compile(r"b?e+(?:vp?)?")

Role = Literal["b", "e", "f", "p", "v"]
"""What a word does in a name: brand, element, filler, place, version."""


class _Edition(Strict):
    codes: list[str]
    versions: dict[Annotated[str, Field(pattern=r"^\d\.\d$")], list[str]]


class CreativeCommonsFile(Strict):
    """The file creative_commons.yaml."""

    codes: dict[str, TraitsRow]
    unsaid: list[str]
    editions: list[_Edition]
    brands: list[str]
    elements: dict[str, list[str]]
    fillers: list[str]
    places: dict[str, list[str]]


class CreativeCommons:
    """Finds Creative Commons licences by name and by address."""

    def __init__(self, file: CreativeCommonsFile) -> None:
        self._codes = {frozenset(code.split("-")): code for code in file.codes}
        self._editions: dict[str, dict[str, list[str]]] = {
            code: edition.versions for edition in file.editions for code in edition.codes
        }
        self._vocabulary = _vocabulary(file)
        self.licences: Mapping[str, Licence] = {licence.id: licence for licence in self._all(file)}

    def at_address(self, address: str) -> str | None:
        """Read an address as `spelling.address` gives it. None if it leads to another site.

        Raises
        ------
        Unread
            If it leads to Creative Commons, but not to a licence that was published.
        """
        host, *path = address.split("/")
        if host != _HOST:
            return None
        match path:
            case ["licenses", code] if code:
                return self._published(code, None, None)
            case ["licenses", code, version]:
                return self._published(code, version, None)
            case ["licenses", code, version, place]:
                return self._published(code, version, place)
        raise Unread("it links to Creative Commons, but not to one of its licences")

    def named(self, text: str) -> str | None:
        """Read a name such as "CC BY-NC-SA 3.0 DE" or "Attribution-NonCommercial 3.0 Unported". None if it isn't one.

        The end of an address is a name, too: "by-nc-sa/3.0/de".

        Without "CC" or "Creative Commons", a version is needed: "attribution" alone is also an everyday word.

        Raises
        ------
        Unread
            If it names Creative Commons elements, but no licence that was published.
        """
        if path := _PATH.fullmatch(key(text)):
            return self._of_path(path)
        parts = [part for part in self._parts(key(text.replace("(", " ").replace(")", " "))) if part[0] != "f"]
        shape = "".join(role for role, _ in parts)
        if not _SHAPE.fullmatch(shape) or not {"b", "v"} & set(shape):
            return None
        elements = [value for role, value in parts if role == "e"]
        if len(set(elements)) < len(elements):
            return None
        by_role = dict(parts)
        return self._published("-".join(elements), by_role.get("v"), by_role.get("p"))

    def without_version(self, identifier: str) -> str | None:
        """Give the identifier of the same licence with no version stated; None if there is none, or it has none."""
        if (licence := self.licences.get(identifier)) is None:
            return None
        general = _unversioned(licence.family)
        return general if general in self.licences and general != identifier else None

    def _of_path(self, path: re.Match[str]) -> str | None:
        elements = path["elements"].replace(" ", "-")
        known = frozenset(elements.split("-")) in self._codes
        return self._published(elements, path["version"], path["place"]) if known else None

    def _published(self, elements: str, version: str | None, place: str | None) -> str:
        code = self._codes.get(frozenset(elements.replace("samplingplus", "sampling+").split("-")))
        if code is None:
            raise Unread(f'Creative Commons has no licence "{elements}"')
        versions = self._editions[code]
        if version is None:
            return _identifier(code, next(iter(versions)), None) if len(versions) == 1 else _unversioned(code)
        if version not in versions:
            raise Unread(f"Creative Commons published no version {version} of {code.upper()}")
        if place is None and _UNPORTED not in versions[version]:
            countries = ", ".join(versions[version])
            raise Unread(f"version {version} of {code.upper()} exists only by country ({countries}), and none is named")
        if place is not None and (place == _UNPORTED or place not in versions[version]):
            raise Unread(f'Creative Commons published no version {version} of {code.upper()} for "{place}"')
        return _identifier(code, version, place)

    def _parts(self, text: str) -> list[tuple[Role, str]]:
        """Take a name apart, the longest known words first. Nothing, if a word of it is not known."""
        words, parts, at = text.split(), list[tuple[Role, str]](), 0
        while at < len(words):
            for length in (4, 3, 2, 1):
                if part := self._part(words[at : at + length]):
                    parts.append(part)
                    at += length
                    break
            else:
                return []
        return parts

    def _part(self, words: list[str]) -> tuple[Role, str] | None:
        if len(words) == 1 and (number := _VERSION.fullmatch(words[0])):
            return "v", f"{number[1]}.{number[2] or 0}"
        return self._vocabulary.get(" ".join(words))

    def _all(self, file: CreativeCommonsFile) -> Iterator[Licence]:
        for code, versions in self._editions.items():
            row, unsaid = file.codes[code], tuple(file.unsaid)
            traits, shared = row.traits(), row.may_be_shared()
            for version, places in versions.items():
                for place in places:
                    country = None if place == _UNPORTED else place
                    source = _legal_code(code, version, country)
                    yield Licence(_identifier(code, version, country), code, traits, source, unsaid, shared)
            if len(versions) > 1:
                which = "which version, and with it the details of every answer"
                source = f"https://{_HOST}/licenses/"
                yield Licence(_unversioned(code), code, traits, source, (which, *unsaid), shared)


def _vocabulary(file: CreativeCommonsFile) -> dict[str, tuple[Role, str]]:
    words: dict[str, tuple[Role, str]] = {brand: ("b", brand) for brand in file.brands}
    words |= {filler: ("f", filler) for filler in file.fillers}
    words |= {code: ("p", code) for code in file.places}
    words |= {name: ("p", code) for code, names in file.places.items() for name in names}
    words |= {name: ("e", element) for element, names in file.elements.items() for name in names}
    return words


def _identifier(code: str, version: str, place: str | None) -> str:
    name = "-".join(filter(None, ("CC", _STEMS.get(code, code.upper()), version, (place or "").upper())))
    return spdx.licence_named(name) or f"LicenseRef-{name}"


def _unversioned(code: str) -> str:
    return f"LicenseRef-CC-{code.upper()}"


def _legal_code(code: str, version: str, place: str | None) -> str:
    path = "by-nd-nc" if (code, version) == ("by-nc-nd", "1.0") else code
    return f"https://{_HOST}/licenses/{'/'.join(filter(None, (path, version, place)))}/legalcode"
