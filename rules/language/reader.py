"""Policy files into policies: all mistakes of all files are told in one go, or there are none.

Knows the catalogue's fields, and needs no database.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from audit_core.errors import CratecheckError, Location, PolicyError, Problems
from audit_core.placed_yaml.dialect import Dialect
from audit_core.placed_yaml.mistakes import Mistake, Refusal, Steps
from audit_core.placed_yaml.models import Strict, unknown_key, with_places
from audit_core.placed_yaml.source import SourceFile, load, parse
from audit_core.wording import meant, quoted
from rules.checks import KINDS, Check
from rules.examples.given import Example
from rules.language.own_columns import unknown_columns
from rules.language.policy import AppliesTo, Policy, Rule, Safety
from rules.language.review import ALL_DECISIONS, resolved
from rules.language.say import Say, say_of
from rules.language.schedule import Schedule
from rules.language.schema import FileKeys, PolicyReviewKeys, ReviewKeys, RuleKeys

__all__ = ["check_folder", "check_text"]

M = TypeVar("M", bound=BaseModel)

_POLICY: Final = Dialect(PolicyError, "policy", "policies", begins="cratecheck: 1", of_tabs="; a pattern can say \\t")
_SUFFIXES: Final = (".yaml", ".yml")


def check_folder(paths: Iterable[Path], *, own_fields: Collection[str] | None = None) -> list[Policy]:
    """Read policy files.

    Parameters
    ----------
    paths : iterable of Path
        Files, and folders of which every ``.yaml`` and ``.yml`` file is read.
    own_fields : collection of str, optional
        The workspace's own fields, as ``extra.NAME``; without it, any name will do.

    Returns
    -------
    policies : list of Policy
        In the order of their paths.

    Raises
    ------
    Problems
        All mistakes of all files, ids that two files share included.
    """
    problems: list[CratecheckError] = []
    policies: list[Policy] = []
    ids = _Ids()
    for path in _files(paths, problems):
        try:
            reading = _Reading(load(path, _POLICY))
        except Problems as unreadable:
            problems += unreadable.problems
            continue
        problems += reading.mistakes
        problems += reading.unknown_columns(own_fields)
        problems += ids.taken_by(reading)
        if not problems:  # of a file that is read, no more is kept than its policy
            policies.append(reading.policy())
    problems += ids.former_ones()
    if problems:
        raise Problems(problems)
    return policies


def check_text(text: str, name: str) -> Policy:
    """Read a policy that is kept elsewhere than in a file.

    Parameters
    ----------
    text : str
        To the letter.
    name : str
        The name that messages give to it.

    Raises
    ------
    Problems
        All its mistakes.
    """
    reading = _Reading(parse(text.encode(errors="surrogatepass"), name, _POLICY))
    ids = _Ids()
    if problems := [*reading.mistakes, *ids.taken_by(reading), *ids.former_ones()]:
        raise Problems(problems)
    return reading.policy()


def _files(paths: Iterable[Path], problems: list[CratecheckError]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        found = sorted(file for file in path.iterdir() if file.suffix in _SUFFIXES and file.is_file())
        if not found:
            mend = "A policy is a file whose name ends in .yaml."
            problems.append(PolicyError("no policy in this folder", at=Location(str(path)), mend=mend))
        yield from found


@cache
def _keys_of(kind: str | None) -> tuple[frozenset[str], tuple[str, ...]]:
    """Give the keys that a kind of rule brings along, and all that such a rule may have.

    Without its kind, nobody knows which keys a rule may have beyond those of every rule: then any kind's will do.
    """
    of_kind = frozenset(key for one in KINDS if kind in (one, None) for key in KINDS[one].Spec.model_fields)
    shared = RuleKeys.model_fields.keys()
    return of_kind, (*shared, *sorted(of_kind - shared))


class _Reading:
    """One file, as far as it could be understood."""

    def __init__(self, source: SourceFile) -> None:
        self.source = source
        self.mistakes: list[CratecheckError] = list(source.mistakes)
        self.plain: Any = source.plain()
        self._file = self._validated(FileKeys, self.plain)
        self._rules: list[Rule] = []
        base = self._file.review if self._file else self._review_alone()
        for index, entry in enumerate(self.entries()):
            if isinstance(entry, dict):
                self._read_rule(index, entry, base)

    def entries(self) -> list[Any]:
        """Give the rules as they stand in the file, whatever they are."""
        rules = self.plain.get("rules") if isinstance(self.plain, dict) else None
        return rules if isinstance(rules, list) else []

    def former_ids(self) -> Iterator[tuple[Steps, str]]:
        """Give the ids that rules had before, each with its place, but for the one that a rule had and has again."""
        for index, entry in enumerate(self.entries()):
            stated = entry.get("formerly") if isinstance(entry, dict) else None
            path: Steps = ("rules", index, "formerly")
            if isinstance(stated, str):
                yield path, stated
            elif isinstance(stated, list):
                first = {name: place for place, name in reversed([*enumerate(stated)]) if isinstance(name, str)}
                again = entry.get("id") if len(first) > 1 else None
                # Twice is told with the keys.
                yield from (((*path, place), name) for name, place in first.items() if name != again)

    def unknown_columns(self, known: Collection[str] | None) -> Iterator[CratecheckError]:
        """Find the columns of the workspace's own that are not among the known ones; None: nobody knows."""
        return self.source.told(unknown_columns(self.plain, known)) if known is not None else iter(())

    def policy(self) -> Policy:
        """Make the policy of a file without mistakes."""
        keys = self._file
        if keys is None or self.mistakes:
            raise ValueError("a file with mistakes is no policy")
        when, effective, source = keys.schedule, keys.effective, self.source
        return Policy(
            id=keys.policy,
            title=keys.title,
            owner=keys.owner,
            effective_from=effective.begins if effective else None,
            review_by=effective.review_by if effective else None,
            schedule=Schedule(when.run, when.digest, when.timezone) if when else None,
            mode=keys.mode,
            applies_to=AppliesTo(keys.applies_to.datasets, keys.applies_to.exceptions, keys.applies_to.where),
            review=resolved(keys.review, ReviewKeys()),
            safety=Safety(keys.safety.stop_if_over.share, keys.safety.stop_if_over.count, keys.safety.post_at_most),
            rules=tuple(self._rules),
            text=source.text,
            sha256=source.sha256,
            path=source.lines.path,
        )

    def _validated(
        self,
        model: type[M],
        value: Any,
        path: Steps = (),
        misspelt: Collection[str] = (),
        *,
        doubtful: bool = False,
    ) -> M | None:
        try:
            return model.model_validate(value)
        except ValidationError as error:
            told = with_places(self.source, model, error, path=path, misspelt=misspelt, doubtful=doubtful)
            self.mistakes += told
            return None

    def _review_alone(self) -> PolicyReviewKeys | None:
        """Read the policy's review of a file whose other keys have mistakes, so that its rules can be judged."""
        try:
            return PolicyReviewKeys.model_validate(self.plain.get("review") if isinstance(self.plain, dict) else None)
        except ValidationError:
            return None  # told with the rest of the file

    def _read_rule(self, index: int, entry: dict[str, Any], base: PolicyReviewKeys | None) -> None:
        path = ("rules", index)
        check = KINDS.get(kind) if isinstance(kind := entry.get("kind"), str) else None
        shared = RuleKeys.model_fields.keys()
        of_kind, known = _keys_of(kind if check else None)
        unknown = [key for key in entry if key not in known]
        self.mistakes += self.source.told((unknown_key(key, known) for key in unknown), path)
        misspelt = {found for key in unknown if (found := meant(key, known))}
        keys = self._validated(RuleKeys, {k: v for k, v in entry.items() if k in shared}, path, misspelt)
        if check is None:
            return
        own = {key: value for key, value in entry.items() if key in of_kind}
        spec = self._validated(check.Spec, own, path, misspelt, doubtful=bool(unknown))
        say = self._say(path, entry.get("say"), check)
        if keys and spec and say and base:
            if not unknown and not self.source.any_broken_in(path):
                self._check_decisions(path, keys, spec, base, check)
            self._rules.append(
                Rule(
                    id=keys.id,
                    kind=keys.kind,
                    severity=keys.severity,
                    spec=spec,
                    say=say,
                    review=resolved(base, keys.review or ReviewKeys(), may_quarantine=check.takes_out(spec)),
                    location=self.source.location(path),
                    formerly=keys.formerly,
                    examples=tuple(
                        Example(one.given, one.expect, self.source.location((*path, "examples", index)))
                        for index, one in enumerate(keys.examples)
                    ),
                )
            )

    def _say(self, path: Steps, text: object, check: Check) -> Say | None:
        if text is not None and not isinstance(text, str):
            return None  # told with the keys that every rule has
        try:
            return say_of(check.SAY if text is None else text, check.NAMES)
        except Refusal as refusal:
            self.mistakes += self.source.told(refusal.mistakes, (*path, "say"))
            return None

    def _check_decisions(self, path: Steps, keys: RuleKeys, spec: Strict, base: PolicyReviewKeys, check: Check) -> None:
        """Refuse a quarantine that would take out nothing."""
        own = keys.review.decisions if keys.review else None
        decisions = own or base.decisions or ALL_DECISIONS
        if check.takes_out(spec) or "quarantine" not in decisions:
            return
        if "quarantine" in check.Spec.model_fields:
            what = "reviewers may quarantine, and the rule doesn't say what that takes out"
            mend = 'Add "quarantine: …" to the rule, or leave quarantine out of its decisions.'
            mistake = Mistake(what, mend)
        elif own:
            what = f"a rule of kind {keys.kind} has nothing to quarantine"
            mistake = Mistake(what, "Leave quarantine out of its decisions.", ("review", "decisions"))
        elif set(decisions) == {"quarantine"}:
            what = f"a rule of kind {keys.kind} has nothing to quarantine, and the policy permits nothing else"
            mistake = Mistake(what, "Give the rule decisions of its own: review: {decisions: [approve, waive]}.")
        else:
            return
        self.mistakes += self.source.told([mistake], path)


class _Ids:
    """The ids of policies and of rules, those that rules had before included: each is there once."""

    def __init__(self) -> None:
        self._policies: dict[str, Location] = {}
        self._rules: dict[str, Location] = {}
        self._former: list[tuple[str, SourceFile, Steps]] = []

    def taken_by(self, reading: _Reading) -> Iterator[CratecheckError]:
        """Take the ids of a file, and tell those that are taken already."""
        source = reading.source
        if isinstance(reading.plain, dict):
            yield from self._taken(self._policies, "policy id", reading.plain.get("policy"), source, ("policy",))
        for index, entry in enumerate(reading.entries()):
            if isinstance(entry, dict):
                yield from self._taken(self._rules, "rule id", entry.get("id"), source, ("rules", index, "id"))
        self._former += ((name, source, path) for path, name in reading.former_ids())

    def former_ones(self) -> Iterator[CratecheckError]:
        """Tell, once all files are read, which former ids are not former, or of two rules."""
        formerly: dict[str, Location] = {}
        for name, source, path in self._former:
            if name in self._rules:
                what = f"{quoted(name)} is a rule's id now, at {self._rules[name]}"
                mend = "List under `formerly` the ids that this rule had, and that no other rule has."
            elif name in formerly:
                what = f"{quoted(name)} is a rule's former id already, at {formerly[name]}"
                mend = "Its history goes on in one rule alone: choose which."
            else:
                formerly[name] = source.location(path)
                continue
            yield from source.told([Mistake(what, mend)], path)

    def _taken(
        self, seen: dict[str, Location], what: str, name: object, source: SourceFile, path: Steps
    ) -> Iterator[CratecheckError]:
        if not isinstance(name, str):
            return
        if name in seen:
            mend = f"It is used at {seen[name]} already: ids are unique in a workspace."
            yield from source.told([Mistake(f"the {what} {quoted(name)} is taken", mend)], path)
        else:
            seen[name] = source.location(path)
