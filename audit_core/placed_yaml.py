"""YAML for tables: every scalar is read as the text that it is, and every value keeps its line and column.

So ``no`` is the word "no", and ``3.0`` is not the number 3. Refused are anchors, aliases, tags, keys twice, files too
large or too deep, and several documents: a table needs none of them, and each has surprised somebody.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from rapidfuzz import process

from audit_core.errors import CratecheckError, Location, Problems
from audit_core.quoting import quoted

__all__ = ["MAX_BYTES", "Place", "PlacedYaml", "did_you_mean"]

MAX_BYTES: Final = 1_000_000
MAX_DEPTH: Final = 12
_SHOWN: Final = 100
_SIMILAR: Final = 70
_WANTED: Final = {
    "string_type": "should be a text",
    "string_too_short": "is empty",
    "dict_type": "should be a mapping",
    "model_type": "should be a mapping",
    "list_type": "should be a list",
    "tuple_type": "should be a list",
}

Place = tuple[str | int, ...]
"""The way to a value: keys and list positions from the top."""

_Model = TypeVar("_Model", bound=BaseModel)


class PlacedYaml:
    """A YAML file, and where everything in it stands.

    Parameters
    ----------
    content : bytes
        UTF-8, with or without a byte order mark.
    file : str
        Its name, as messages give it.

    Attributes
    ----------
    data : object
        What it holds: mappings, lists and texts.

    Raises
    ------
    Problems
        If it can't be read as YAML of this plain kind.
    """

    def __init__(self, content: bytes, file: str) -> None:
        self._file = file
        self._values: dict[Place, Any] = {}
        self._keys: dict[Place, Any] = {}
        self._wrong: list[CratecheckError] = []
        text = _decoded(content, file)
        self._lines = text.splitlines()
        try:
            self._refuse_what_a_table_does_not_need(text)
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise Problems([self._error_at(mark, f"not YAML: {error.problem or error.context}")]) from error
        except yaml.YAMLError as error:
            what = "not YAML: it holds a character that no text should"
            raise Problems([CratecheckError(what, at=Location(file))]) from error
        self.data: Any = {} if root is None else self._plain(root, ())
        self._tell()

    def error(self, what: str, place: Place, *, at_key: bool = False, mend: str | None = None) -> CratecheckError:
        """Make the error for a value, or for the key that leads to it; the nearest one above, if it isn't there."""
        marks = [self._keys, self._values] if at_key else [self._values]
        found = (known.get(place[:length]) for length in range(len(place), -1, -1) for known in marks)
        return self._error_at(next((mark for mark in found if mark), None), what, mend)

    def as_model(self, model: type[_Model]) -> _Model:
        """Check the contents against a pydantic model.

        Raises
        ------
        Problems
            All that doesn't fit, each with its place.
        """
        try:
            return model.model_validate(self.data)
        except ValidationError as error:
            keys = _keys_of(model)
            raise Problems(self._misfit(dict(detail), keys) for detail in error.errors()) from error

    def _misfit(self, detail: dict[str, Any], keys: list[str]) -> CratecheckError:
        place, kind = tuple(detail["loc"]), detail["type"]
        name = quoted(str(place[-1])) if place else "the file"
        if kind == "missing":
            return self.error(f"{name} is missing", place[:-1], at_key=True)
        if kind == "extra_forbidden":
            return self.error(f"unknown key {name}", place, at_key=True, mend=did_you_mean(str(place[-1]), keys))
        if kind == "literal_error":
            what = f"{quoted(str(detail['input']))} is no answer to {name}"
            return self.error(what, place, mend=f"Say {detail['ctx']['expected']}.")
        return self.error(f"{name} {_WANTED.get(kind) or 'is not right: ' + detail['msg']}", place)

    def _refuse_what_a_table_does_not_need(self, text: str) -> None:
        """Look at the file event by event, before anything is built that a hostile file could make too large."""
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise Problems([self._error_at(event.start_mark, "nested too deep")])
            if getattr(event, "anchor", None) is not None:
                what = "anchors and aliases are not read here"
                self._wrong.append(self._error_at(event.start_mark, what, "Write it out."))
            if getattr(event, "tag", None) is not None:
                self._wrong.append(self._error_at(event.start_mark, "tags are not read here", "Leave it out."))
        self._tell()

    def _plain(self, node: yaml.Node, place: Place) -> Any:
        self._values[place] = node.start_mark
        if isinstance(node, yaml.MappingNode):
            return dict(self._entries(node, place))
        if isinstance(node, yaml.SequenceNode):
            return [self._plain(item, (*place, number)) for number, item in enumerate(node.value)]
        return node.value

    def _entries(self, node: yaml.MappingNode, place: Place) -> Iterator[tuple[str, Any]]:
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._wrong.append(self._error_at(key.start_mark, "a key has to be a text"))
            elif first := self._keys.get((*place, key.value)):
                what = f"{quoted(key.value)} stands in line {first.line + 1} already"
                self._wrong.append(self._error_at(key.start_mark, what))
            else:
                self._keys[(*place, key.value)] = key.start_mark
                yield key.value, self._plain(value, (*place, key.value))

    def _error_at(self, mark: Any, what: str, mend: str | None = None) -> CratecheckError:
        if mark is None:
            return CratecheckError(what, at=Location(self._file), mend=mend)
        line = self._lines[mark.line] if mark.line < len(self._lines) else ""
        seen = "".join(letter if letter.isprintable() else " " for letter in line[:_SHOWN])
        excerpt = f"{seen}\n{' ' * mark.column}^" if seen.strip() and mark.column < _SHOWN else None
        at = Location(self._file, mark.line + 1, mark.column + 1)
        return CratecheckError(what, at=at, mend=mend, excerpt=excerpt)

    def _tell(self) -> None:
        if self._wrong:
            raise Problems(self._wrong)


def did_you_mean(word: str, known: list[str]) -> str | None:
    """Name the word that was probably meant, or None if nothing is near."""
    options = {option: option.casefold() for option in known}
    found = process.extractOne(word[:_SHOWN].casefold(), options, score_cutoff=_SIMILAR)
    return f'Did you mean "{found[2]}"?' if found else None


def _decoded(content: bytes, file: str) -> str:
    if len(content) > MAX_BYTES:
        raise Problems([CratecheckError("larger than 1 MB", at=Location(file), mend="Is it the licence table?")])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = Location(file, content[: error.start].count(b"\n") + 1)
        raise Problems([CratecheckError("not UTF-8 text", at=at, mend="Save the file as UTF-8.")]) from error


def _keys_of(model: type[BaseModel]) -> list[str]:
    schema = model.model_json_schema()
    return sorted({key for part in (schema, *schema.get("$defs", {}).values()) for key in part.get("properties", ())})
