"""The licence table: which names mean which licence, and what that licence says.

The table that ships is `licences.yaml` with `creative_commons.yaml`. A workspace adds files of the form of the first::

    licences:
      LicenseRef-Our-Label:
        {commercial: yes, derivatives: unsaid, share_alike: no, attribution: yes,
         family: contract, source: contract 2024-17 §3, unsaid: [territory]}
    aliases:
      our label standard: LicenseRef-Our-Label

"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from audit_core.placed_yaml.models import validated
from audit_core.placed_yaml.source import SourceFile, load, parse
from audit_core.rights import spdx
from audit_core.rights.creative_commons import CreativeCommons, CreativeCommonsFile
from audit_core.rights.entries import Licence
from audit_core.rights.spelling import Unread, address, key
from audit_core.rights.table_file import TABLE, Contents
from audit_core.rights.terms import Clause, Terms, either, strictest
from audit_core.rights.traits import Traits
from audit_core.wording import quoted

__all__ = ["LicenceTable"]


class LicenceTable:
    """Licences, their other names, and texts that name none. Nothing in it changes once it is made.

    Parameters
    ----------
    creative_commons : SourceFile
        The Creative Commons licences.
    files : iterable of SourceFile
        All others, later ones after earlier ones.

    Attributes
    ----------
    digest : str
        SHA-256, hexadecimal, of all that a reading or a judgement depends on: the files' contents without comments
        and layout, and the identifiers of the SPDX list.
    """

    def __init__(self, creative_commons: SourceFile, files: Iterable[SourceFile]) -> None:
        self._commons = CreativeCommons(validated(creative_commons, CreativeCommonsFile))
        self._contents = Contents(dict(self._commons.licences))
        read = [creative_commons.plain()]
        for file in files:
            self._contents.add(file)
            read.append(file.plain())
        content = json.dumps([read, spdx.names()], sort_keys=True)
        self.digest = hashlib.sha256(content.encode()).hexdigest()

    @classmethod
    def load(cls, *more: Path) -> LicenceTable:
        """Read the table that ships, and what a workspace adds to it.

        Parameters
        ----------
        *more : Path
            Files of the same form, later ones after earlier ones.

        Raises
        ------
        Problems
            All mistakes of the first file that has some, each with its line and column.
        """
        here = resources.files("audit_core.rights")
        commons, shipped = (
            parse((here / name).read_bytes(), name, TABLE) for name in ("creative_commons.yaml", "licences.yaml")
        )
        return cls(commons, [shipped, *(load(path, TABLE) for path in more)])

    def licence(self, identifier: str) -> Licence | None:
        """Look up what is known of a licence; None if nobody has put it into the table."""
        return self._contents.licences.get(identifier)

    def identifier(self, text: str) -> str | None:
        """Look an identifier up, in any case: one of the table, or of the SPDX list. None if neither knows it."""
        return self._contents.identifier(text)

    def named(self, text: str) -> str | None:
        """Give what one name or address stands for.

        Parameters
        ----------
        text : str
            As `spelling.tidy` gives it. A single name: expressions are taken apart before.

        Returns
        -------
        expression : str or None
            An identifier; for an alias, the expression that it was given. None if nothing is known by that name.

        Raises
        ------
        Unread
            If it is known why the text names no licence.
        """
        spelt = key(text)
        if identifier := self.identifier(text):
            return identifier
        if spelt in self._contents.aliases:
            return self._contents.aliases[spelt]
        if spelt in self._contents.vague:
            raise Unread(self._contents.vague[spelt])
        if identifier := self._contents.former_identifier(text):
            return identifier
        if link := address(text):
            if found := self._commons.at_address(link):
                return found
            raise Unread(f"no licence is known at the address {quoted(link)}")
        return self._commons.named(text)

    def without_version(self, identifier: str) -> str | None:
        """Give the same Creative Commons licence with its version left open; None of any other licence."""
        return self._commons.without_version(identifier)

    def terms(self, expression: str) -> Terms:
        """Work out the terms of an SPDX expression. Of a licence that is not in the table, all is unsaid.

        Raises
        ------
        ValueError
            If it isn't built as an expression is.
        """
        return spdx.evaluate(expression, one=self._terms_of, all_of=strictest, any_of=either)

    def family(self, expression: str) -> str:
        """Give the class that an expression is counted in: ``by-nc-nd``, ``cc0``, ``software`` and so on.

        Of several licences it is the one that they share, else ``mixed``. A licence that is not in the table is
        ``other``.

        Raises
        ------
        ValueError
            If it isn't built as an expression is.
        """
        families = spdx.evaluate(expression, one=self._family_of, all_of=_united, any_of=_united)
        return next(iter(families)) if len(families) == 1 else "mixed"

    def _terms_of(self, identifier: str) -> Terms:
        if licence := self.licence(identifier):
            return Terms.of(Clause(identifier, licence.traits))
        return Terms.of(Clause(identifier, Traits(), f"nobody has put {identifier} into the licence table"))

    def _family_of(self, identifier: str) -> frozenset[str]:
        licence = self.licence(identifier)
        return frozenset([licence.family if licence else "other"])


def _united(*several: frozenset[str]) -> frozenset[str]:
    return frozenset().union(*several)
