"""What an example of a rule gives: a track or several, with what is stated of each and what was heard in it.

``given`` is the fields of one track; or ``of`` and ``to``, a track each; or ``tracks``, a list, which may be repeated:
then ``{n}`` in a text is the number of the repetition, as in ``{tracks: [{artist: "Artist {n}"}], repeat: 100}``.
A track has the fields of the catalogue and what `WORDS` names. What is left out is unknown: of ``{}``, nothing is known
at all. `rules.examples.scratch` makes a catalogue of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BeforeValidator, Field, PlainValidator

from audit_core.catalogue.fields import FIELDS, field_named
from audit_core.errors import Location
from audit_core.placed_yaml.mistakes import Mistake, Refusal, Refusals
from audit_core.placed_yaml.models import Strict
from audit_core.wording import did_you_mean, listed, meant, quoted
from rules.examples.words import HEARD, WORDS, flow
from rules.language.selector import in_words, value_for
from rules.language.vocabulary import a_word_of
from rules.language.written import named

__all__ = ["DATASET", "MOST_TRACKS", "NUMBER", "Example", "ExampleKeys", "Expected", "Facts", "Given", "given_of"]

Expected = Literal["pass", "fail", "skip", "not_enough_evidence"]

Facts = tuple[tuple[str, Any], ...]
"""What is known of a track: fields and words, with their values."""

#: The dataset of tracks that name none.
DATASET: Final = "crate"

#: What stands in a text for the number of the repetition.
NUMBER: Final = "{n}"

#: How many tracks an example may give, repeats included.
MOST_TRACKS: Final = 1000


@dataclass(frozen=True, slots=True)
class Given:
    """The tracks of an example.

    Attributes
    ----------
    tracks : tuple of Facts
        The first is of the dataset that is judged.
    names : tuple of str
        How each is called where it has no ``key``.
    repeat : int
        How often there are all of them.
    """

    tracks: tuple[Facts, ...]
    names: tuple[str, ...]
    repeat: int = 1

    def __str__(self) -> str:
        if self.names == _ONE:
            return _said(self.tracks[0]) or "a track of which nothing is known"
        if self.names == _PAIR:
            return listed(f"{word} {{{_said(track)}}}" for word, track in zip(_SIDES, self.tracks, strict=True))
        times = f", {self.repeat} times" if self.repeat > 1 else ""
        return f"{listed(f'{{{_said(track)}}}' for track in self.tracks)}{times}"


@dataclass(frozen=True, slots=True)
class Example:
    """An example of a rule: what is given, and what the rule has to say of it."""

    given: Given
    expect: Expected
    location: Location


_SIDES: Final = ("of", "to")
_ONE: Final = ("the track",)
_PAIR: Final = ("the first track", "the second track")
_TOGETHER: Final = (
    ("overlap", "excerpt_of", "Write both, as in excerpt_of: B, overlap: 5 s."),
    ("excerpt_of", "overlap", "Write both, as in excerpt_of: B, overlap: 5 s."),
    ("licence_of_source", "source", "Name the source, too."),
)
_FORMS: Final = (*_SIDES, "tracks", "repeat")


_KNOWN: Final = (*FIELDS, *WORDS)

_Tracks = list[tuple[tuple[str | int, ...], dict[str, Any]]]
"""What is known of each track, with the way to where it stands."""


def given_of(value: object) -> Given:
    """Read what an example gives.

    Raises
    ------
    Refusal
        Naming all that is wrong with it.
    """
    if not isinstance(value, dict):
        raise Refusal(Mistake("expected what is known of a track", "Write it as in {licence: CC-BY-4.0}, or {}."))
    if misspelt := _misspelt_forms(value):
        raise Refusal(*misspelt)
    if not any(form in value for form in _FORMS):
        given = Given((_facts(value, _FORMS),), _ONE)
        paths: list[tuple[str | int, ...]] = [()]
    elif "tracks" in value:
        given = _several(value)
        paths = [("tracks", index) for index in range(len(given.tracks))]
    else:
        given = _pair(value)
        paths = [(side,) for side in _SIDES]
    tracks = [dict(facts) for facts in given.tracks]
    refusals = Refusals()
    for check in (_check_audio, _check_sources, _check_keys):
        check(given, list(zip(paths, tracks, strict=True)), refusals)
    refusals.tell()
    return given


def _pair(value: dict[str, Any]) -> Given:
    refusals = Refusals()
    tracks = []
    for side in _SIDES:
        if side in value:
            with refusals.at(side):
                tracks.append(_facts(value[side]))
        else:
            with refusals.at():
                raise Refusal(Mistake(f"{quoted(side)} is missing", "Write {of: {…}, to: {…}}, a track each."))
    _refuse_others(value, _SIDES, refusals)
    refusals.tell()
    return Given(tuple(tracks), _PAIR)


def _several(value: dict[str, Any]) -> Given:
    refusals = Refusals()
    stated, repeat = value["tracks"], value.get("repeat", 1)
    tracks: list[Facts] = []
    if not isinstance(stated, list) or not stated:
        with refusals.at("tracks"):
            raise Refusal(Mistake("expected a list of tracks", "Write it as in [{artist: Nina}, {artist: Otis}]."))
        stated = []
    for index, track in enumerate(stated[:MOST_TRACKS]):
        with refusals.at("tracks", index):
            tracks.append(_facts(track))
    whole = isinstance(repeat, int) and not isinstance(repeat, bool) and repeat > 0
    if not whole or repeat * len(stated) > MOST_TRACKS:
        with refusals.at("repeat" if whole or "repeat" in value else "tracks"):
            what = f"more than {MOST_TRACKS:,} tracks" if whole else f"{quoted(repeat)} is no number of times"
            raise Refusal(Mistake(what, "Write how often all of the tracks are there, as in 40."))
    _refuse_others(value, ("tracks", "repeat"), refusals)
    refusals.tell()
    return Given(tuple(tracks), tuple(f"track {number}" for number in range(1, repeat * len(tracks) + 1)), repeat)


def _misspelt_forms(value: dict[str, Any]) -> list[Mistake]:
    """Find the words for one, two or several tracks that are there in another spelling."""
    found = []
    for name, held in value.items():
        holds_tracks = isinstance(held, dict) or (isinstance(held, list) and held and isinstance(held[0], dict))
        if name in (*_FORMS, *_KNOWN) or not (holds_tracks or "tracks" in value):
            continue
        if form := meant(name, _FORMS):
            found.append(Mistake(f"unknown key {quoted(name)}", f"Did you mean {quoted(form)}?", (name,), at_key=True))
    return found


def _refuse_others(value: dict[str, Any], known: tuple[str, ...], refusals: Refusals) -> None:
    for name in value:
        if name in known:
            continue
        with refusals.at(name):
            mend = f"Beside {listed(known)} nothing is given: fields stand within the tracks."
            raise Refusal(Mistake(f"{quoted(name)} does not belong here", mend, at_key=True))


def _facts(value: object, forms: tuple[str, ...] = ()) -> Facts:
    """Read what is known of one track."""
    if not isinstance(value, dict):
        raise Refusal(Mistake("expected what is known of a track", "Write it as in {licence: CC-BY-4.0}, or {}."))
    refusals = Refusals()
    facts: list[tuple[str, Any]] = []
    strange = any(name not in WORDS and field_named(name) is None for name in value)  # it may be what seems to lack
    for name, stated in value.items():
        with refusals.at(name):
            facts.append((name, _read(name, stated, forms)))
            if name in HEARD and name != "audio" and "audio" not in value and not strange:
                mend = "Give its audio a name, as in audio: A."
                raise Refusal(Mistake(f"{quoted(name)} is heard in audio, and there is none", mend, at_key=True))
    for word, needed, mend in _TOGETHER:
        if word in value and needed not in value and not strange:
            with refusals.at(word):
                raise Refusal(Mistake(f"{quoted(word)} says nothing without {quoted(needed)}", mend, at_key=True))
    refusals.tell()
    return tuple(facts)


def _read(name: str, value: object, forms: tuple[str, ...]) -> Any:
    if word := WORDS.get(name):
        return word.read(value)
    field = field_named(name)
    if field is None:
        mend = did_you_mean(name, (*_KNOWN, *forms), "The fields are those of the catalogue.")
        what = f"unknown field {quoted(name)}"
        raise Refusal(Mistake(what, f"{mend} A column of your own is extra.NAME.", at_key=True))
    if field.type != "multi" or not isinstance(value, list):
        return value_for(field, value)
    if not value:
        raise Refusal(Mistake("no value is listed", "List at least one, or leave the field out."))
    refusals = Refusals()
    values = []
    for index, one in enumerate(value):
        with refusals.at(index):
            values.append(value_for(field, one))
    refusals.tell()
    return tuple(values)


def _check_audio(_given: Given, tracks: _Tracks, refusals: Refusals) -> None:
    """Refuse audio that is like audio that no track of the example has."""
    heard = {facts["audio"] for _, facts in tracks if "audio" in facts}
    for path, facts in tracks:
        for word in ("copy_of", "excerpt_of", "version_of"):
            other = facts.get(word)
            if other is not None and (other not in heard or other == facts["audio"]):
                with refusals.at(*path, word):
                    what = f"no other track here has the audio {quoted(other)}"
                    raise Refusal(Mistake(what, "Give another track that audio."))


def _check_sources(_given: Given, tracks: _Tracks, refusals: Refusals) -> None:
    """Refuse a source that states two licences."""
    licences: dict[str, str] = {}
    for path, facts in tracks:
        stated = facts.get("licence_of_source")
        if stated is not None and licences.setdefault(facts["source"], stated) != stated:
            with refusals.at(*path, "licence_of_source"):
                what = f"the source {quoted(facts['source'])} has another licence above"
                raise Refusal(Mistake(what, "A source has one: give this one another name."))


def _check_keys(given: Given, tracks: _Tracks, refusals: Refusals) -> None:
    """Refuse a key that several tracks of a dataset would have."""
    if not any("key" in facts for _, facts in tracks):
        return
    seen: set[tuple[str, str]] = set()
    for index, name in enumerate(given.names):
        time, place = divmod(index, len(tracks))
        path, facts = tracks[place]
        key = (facts.get("dataset", DATASET), str(facts.get("key", name)).replace(NUMBER, str(time + 1)))
        if key in seen:
            with refusals.at(*path, *(["key"] if "key" in facts else [])):
                mend = f'Where tracks are repeated, number their keys, as in "a{NUMBER}".'
                raise Refusal(Mistake(f"several tracks have the key {quoted(key[1])}", mend))
            return
        seen.add(key)


def _said(track: Facts) -> str:
    return ", ".join(f"{name}: {_value_in_words(name, value)}" for name, value in track)


def _value_in_words(name: str, value: Any) -> str:
    if word := WORDS.get(name):
        return word.say(value)
    field = field_named(name)
    return flow(tuple(value)) if isinstance(value, tuple) else in_words(value, field)


GivenKeys = Annotated[Given, PlainValidator(given_of), named("given")]


class ExampleKeys(Strict):
    """``examples``: what a rule has to say of some tracks."""

    given: GivenKeys = Field(
        description="What is known of a track, as in {licence: CC-BY-4.0}; or two tracks, {of: {…}, to: {…}}; "
        "or several, {tracks: [{…}, {…}], repeat: 40}. What is left out is unknown: of {}, all is."
    )
    expect: Annotated[Expected, BeforeValidator(a_word_of(get_args(Expected), "result"))] = Field(
        description="What the rule has to say of it: pass, fail, skip or not_enough_evidence."
    )
