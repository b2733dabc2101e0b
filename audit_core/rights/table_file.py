"""A file of the licence table: its form, and the checks that need to know what other files said before.

The form is explained at the head of `licences.yaml`. All mistakes of a file are told at once, each with its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

from pydantic import Field

from audit_core.errors import CratecheckError, Problems
from audit_core.placed_yaml.dialect import Dialect
from audit_core.placed_yaml.mistakes import Mistake
from audit_core.placed_yaml.models import Strict, validated
from audit_core.placed_yaml.source import SourceFile
from audit_core.rights import spdx
from audit_core.rights.entries import Licence, TraitsRow
from audit_core.rights.spelling import Unread, key, tidy
from audit_core.wording import did_you_mean, quoted

__all__ = ["TABLE", "Contents"]

#: What is read as a licence table, and how it is spoken of.
TABLE: Final = Dialect(CratecheckError, "licence table", "licence tables", texts=True)

_REFERENCE: Final = re.compile(r"LicenseRef-[A-Za-z0-9.\-]+")
_SCANCODE: Final = "licenseref-scancode-"
_NAMES: Final = "What has no SPDX identifier is called LicenseRef-, then letters, digits, hyphens and full stops."

_Text = Annotated[str, Field(min_length=1)]


class _Row(TraitsRow):
    family: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9+\-]*$")]
    source: _Text
    unsaid: tuple[_Text, ...] = ()
    replaces: Literal["yes"] | None = None


class _File(Strict):
    licences: dict[str, _Row] = Field({})
    aliases: dict[str, _Text] = Field({})
    vague: dict[str, _Text] = Field({})


@dataclass
class Contents:
    """What the files said so far.

    Attributes
    ----------
    licences : dict
        By identifier.
    aliases : dict
        Key of a name or address (see `spelling.key`) → SPDX expression.
    vague : dict
        Key of a text that names no licence → why it doesn't.
    """

    licences: dict[str, Licence]
    aliases: dict[str, str] = field(default_factory=dict)
    vague: dict[str, str] = field(default_factory=dict)
    _ids: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self._ids = {identifier.casefold(): identifier for identifier in self.licences}

    def identifier(self, text: str) -> str | None:
        """Look an identifier up, in any case: one of the table, or of the SPDX list. None if neither knows it.

        Where ScanCode has an identifier of its own for a licence of the table, the table's is given.
        """
        return self._ours(self._ids.get(text.casefold()) or spdx.licence_named(text))

    def former_identifier(self, text: str) -> str | None:
        """Look an identifier up that SPDX or ScanCode gave up for another. Names of the table go before these."""
        return self._ours(spdx.licence_formerly(text))

    def _ours(self, found: str | None) -> str | None:
        if found and found.casefold().startswith(_SCANCODE):
            bare = found.casefold().removeprefix(_SCANCODE)
            return self._ids.get(f"licenseref-{bare}") or self._ids.get(bare) or found
        return found

    def add(self, file: SourceFile) -> None:
        """Take in a file. Where it gives an alias or a vague text a new meaning, the new one counts.

        Raises
        ------
        Problems
            All that is wrong with it.
        """
        content = validated(file, _File)
        if problems := list(file.told([*self._add_licences(content), *self._add_names(content)])):
            raise Problems(problems)

    def _add_licences(self, content: _File) -> Iterator[Mistake]:
        for identifier, row in content.licences.items():
            if problem := self._wrong_with(identifier, row):
                what, mend = problem
                yield Mistake(what, mend, ("licences", identifier), at_key=True)
                continue
            self.licences[identifier] = Licence(
                identifier, row.family, row.traits(), row.source, row.unsaid, row.may_be_shared()
            )
            self._ids[identifier.casefold()] = identifier

    def _wrong_with(self, identifier: str, row: _Row) -> tuple[str, str | None] | None:
        known = self._ids.get(identifier.casefold())
        if known and row.replaces is None:
            return f'"{known}" is in the table already', "To put yours in its place, say `replaces: yes`."
        if known != identifier and (listed := known or spdx.licence_named(identifier)) and listed != identifier:
            return f'{quoted(identifier)} is written "{listed}"', None
        if known is None and row.replaces:
            return f"{quoted(identifier)} replaces nothing: it is not in the table", None
        if known is None and spdx.licence_named(identifier) is None and not _REFERENCE.fullmatch(identifier):
            return f"{quoted(identifier)} is no SPDX identifier", did_you_mean(identifier, spdx.names(), _NAMES)
        return None

    def _add_names(self, content: _File) -> Iterator[Mistake]:
        seen: dict[str, str] = {}
        for name, reason in content.vague.items():
            if problem := self._unfit(name, seen):
                yield Mistake(problem, None, ("vague", name), at_key=True)
                continue
            self.aliases.pop(key(tidy(name)), None)
            self.vague[key(tidy(name))] = reason
        for name, meaning in content.aliases.items():
            if problem := self._unfit(name, seen):
                yield Mistake(problem, None, ("aliases", name), at_key=True)
                continue
            if (expression := self._expression(meaning)) is None:
                mend = did_you_mean(meaning, [*self.licences, *spdx.names()], _NAMES)
                yield Mistake(f"{quoted(meaning)} is no known licence", mend, ("aliases", name))
                continue
            self.vague.pop(key(tidy(name)), None)
            self.aliases[key(tidy(name))] = expression

    def _unfit(self, name: str, seen: dict[str, str]) -> str | None:
        """Say why a text can't be a name, or note it as seen. Two names of one file may not come to the same."""
        try:
            spelt = key(tidy(name))
        except Unread as unread:
            return f"{quoted(name)} can't be a name: {unread}"
        if not spelt:
            return "an empty name"
        if taken := self.identifier(name):
            return f'{quoted(name)} is the identifier "{taken}" and can mean nothing else'
        if spelt in seen:
            return f"{quoted(name)} is the same as {quoted(seen[spelt])}, which stands in this file already"
        seen[spelt] = name
        return None

    def _expression(self, meaning: str) -> str | None:
        """Read the meaning of an alias: identifiers of the table or of SPDX, alone or joined. None if it isn't that."""
        if found := self.identifier(meaning):
            return found
        try:
            known = spdx.evaluate(meaning, one=lambda name: self.identifier(name) == name, all_of=_all, any_of=_all)
            return spdx.rendered(meaning) if known else None
        except ValueError:
            return None


def _all(*several: bool) -> bool:
    return all(several)
