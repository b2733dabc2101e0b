"""The fields of a workspace's own, as its mapping files name them: what a policy may say besides the catalogue's.

Mapping files lie in the folder ``mappings`` of the workspace, or beside its settings under a name that ends in
``.mapping.yaml``. Those that ship with the program may be used by name from anywhere, and so count as well.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from audit_core.errors import CratecheckError
from audit_core.ingest.mapping import EXTRA, Mapping
from audit_core.ingest.mapping_file import load_mapping, shipped_mappings

__all__ = ["own_fields"]

logger = logging.getLogger(__name__)

_FOLDER: Final = "mappings"
_SUFFIXES: Final = (".yaml", ".yml")
_ANYWHERE: Final = tuple(f".mapping{suffix}" for suffix in _SUFFIXES)
#: How an import of a folder of audio reads its tags.
_OF_FOLDERS: Final = Path(__file__).with_name("folder.yaml")


def own_fields(workspace: Path) -> frozenset[str] | None:
    """Read which fields of its own a workspace has.

    Parameters
    ----------
    workspace : Path
        Its folder.

    Returns
    -------
    names : frozenset of str or None
        As policies write them, ``extra.NAME``; None if nobody can tell: there is no mapping file that names any, or
        one that can't be read.
    """
    named: set[str] = set()
    for path in _mapping_files(workspace):
        try:
            named.update(_named(load_mapping(path)))
        except CratecheckError as error:
            logger.warning("what fields of your own there are is not known: %s", error)
            return None
    if not named:
        return None
    for path in (*shipped_mappings().values(), _OF_FOLDERS):
        named.update(_named(load_mapping(path)))
    return frozenset(named)


def _mapping_files(workspace: Path) -> Iterator[Path]:
    if (folder := workspace / _FOLDER).is_dir():
        yield from sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES and path.is_file())
    if workspace.is_dir():
        yield from sorted(path for path in workspace.iterdir() if path.name.endswith(_ANYWHERE) and path.is_file())


def _named(mapping: Mapping) -> Iterator[str]:
    yield from (one.field for one in mapping.fields if one.field.startswith(EXTRA))
    yield from (name for name in mapping.groups if name.startswith(EXTRA))
