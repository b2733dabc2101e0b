"""Licences: from what a catalogue says to what may be done, with "unknown" as an answer of its own."""

from audit_core.rights.entries import Licence
from audit_core.rights.judgement import Verdict, judge, terms_of
from audit_core.rights.licence import LicenceReading, family, reading, says_nothing
from audit_core.rights.sharing import Sharing, sharing
from audit_core.rights.table import LicenceTable
from audit_core.rights.terms import Alternative, Clause, Terms, either, strictest
from audit_core.rights.traits import DUTIES, PERMISSIONS, TRAITS, Answer, Trait, Traits, strictest_traits

__all__ = [
    "DUTIES",
    "PERMISSIONS",
    "TRAITS",
    "Alternative",
    "Answer",
    "Clause",
    "Licence",
    "LicenceReading",
    "LicenceTable",
    "Sharing",
    "Terms",
    "Trait",
    "Traits",
    "Verdict",
    "either",
    "family",
    "judge",
    "reading",
    "says_nothing",
    "sharing",
    "strictest",
    "strictest_traits",
    "terms_of",
]
