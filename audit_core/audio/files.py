"""The one place that opens audio: a folder, or an address that fsspec reads, and the paths below it.

Paths are written as the catalogue spells them (`paths`), relative, with a slash. What leaves the folder is refused:
absolute paths, ``..``, and symbolic links that lead out. Links to files within it are followed; links to folders are
not walked, for what they lead to is walked under its own name, or lies outside.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Protocol, cast
from urllib.parse import quote, unquote_to_bytes, urlsplit

from sqlalchemy import Connection, select

from audit_core.audio.paths import escapes, spelled, unspelled
from audit_core.audio.tables import audio_roots
from audit_core.catalogue.tables import datasets
from audit_core.errors import AudioError, Location
from audit_core.wording import quoted

if TYPE_CHECKING:
    from audit_core.settings import Settings

__all__ = ["FileState", "Missing", "NotFollowed", "Outside", "Root", "Unreadable", "root_of"]

Troubled = Callable[[AudioError], None]

_OF_THIS_MACHINE: Final = ("file", "local")  # as fsspec names it
_OF_THE_WEB: Final = ("http", "https")


class Missing(AudioError):
    """A file, or a folder, that is not there."""


class Outside(AudioError):
    """A path that leads out of the folder."""


class Unreadable(AudioError):
    """A file that is there and can't be read: no right to, no ordinary file, a link that goes round in a circle."""


class NotFollowed(Unreadable):
    """A link to a folder that is walked under its own name, or is being walked."""


@dataclass(frozen=True, slots=True)
class FileState:
    """What tells, without reading it, that a file is still the same.

    Attributes
    ----------
    size_bytes : int
        How long it is.
    modified_ns : int or None
        When it was last written, in nanoseconds since 1970; None where the storage doesn't say: it may have changed.
    """

    size_bytes: int
    modified_ns: int | None


class Root:
    """A folder of audio, and what can be done with the files in it.

    Parameters
    ----------
    where : str or Path
        A folder, or an address such as ``s3://bucket/crate`` (`file://`, `memory://`… too). A str is in the
        catalogue's spelling, a `Path` is as the system gives it.

    Attributes
    ----------
    url : str
        The absolute path of the folder, or the address, in the catalogue's spelling.

    Raises
    ------
    Missing
        If there is no such folder on this machine. Other storage is asked when it is used.
    AudioError
        If nothing that is installed reads such an address, or it holds a password.
    """

    def __init__(self, where: str | Path) -> None:
        self._place: _Place
        scheme, is_address, rest = where.partition("://") if isinstance(where, str) else ("", "", "")
        if isinstance(where, str) and is_address and scheme.casefold() not in _OF_THIS_MACHINE:
            self._place = _Remote(where)
            self.url = where.rstrip("/")
        else:
            folder = unspelled(rest if is_address else where) if isinstance(where, str) else str(where)
            self._place = _Local(folder)
            self.url = spelled(_absolute(folder))

    def __repr__(self) -> str:
        return f"Root({self.url!r})"

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading; it can be sought in.

        Raises
        ------
        Missing, Outside, Unreadable
            Why it can't be opened.
        """
        return self._place.open(_relative(path), path)

    def state(self, path: str) -> FileState:
        """Ask for the size and the time of a file, without reading it.

        Raises
        ------
        Missing, Outside, Unreadable
            As `open` would.
        """
        return self._place.state(_relative(path), path)

    def walk(self, troubled: Troubled | None = None) -> Iterator[str]:
        """Give the path of every file, sorted.

        Parameters
        ----------
        troubled : callable, optional
            Told of what was not walked: a folder that may not be read, a link that leads out or round in a circle, a
            pipe; as `NotFollowed`, a link to a folder within this one. The path of a folder ends with a slash.

        Raises
        ------
        Missing, Unreadable
            If the folder itself can't be listed.
        """
        return self._place.walk(troubled or (lambda _: None))


def root_of(connection: Connection, settings: Settings, dataset: str) -> Root | None:
    """Find where the audio of a dataset lies: where the settings say, else where it was imported from.

    Raises
    ------
    Missing, AudioError
        As `Root`.
    """
    where = settings.audio.get(dataset)
    if where is None:
        known = select(audio_roots.c.url).join(datasets, datasets.c.id == audio_roots.c.dataset_id)
        where = connection.execute(known.where(datasets.c.name == dataset)).scalar()
    return None if where is None else Root(where)


def _absolute(folder: str) -> str:
    """Give the path of a folder from the top on, by the links that its user chose: they may lead elsewhere tomorrow."""
    path = Path(folder).absolute()
    return str(path.resolve() if ".." in path.parts else path)


def _relative(path: str) -> str:
    """Give the path as the storage has it; refuse one whose words alone lead out."""
    found = unspelled(path)
    if escapes(found):
        what = "an address, and no path in the folder" if "://" in found else "a path that leads out of the folder"
        raise Outside(what, at=Location(path), mend="Write it from the folder on, without `..`.")
    if "\0" in found:
        raise Unreadable("no file has a NUL in its name", at=Location(spelled(found)))
    return found


class _Place(Protocol):
    def open(self, path: str, shown: str) -> BinaryIO: ...
    def state(self, path: str, shown: str) -> FileState: ...
    def walk(self, troubled: Troubled) -> Iterator[str]: ...


_REASONS: Final = {
    errno.ENOENT: (Missing, "there is no such file"),
    errno.ENOTDIR: (Missing, "there is no such file"),
    errno.ENAMETOOLONG: (Missing, "no file has a name that long"),
    errno.ELOOP: (Unreadable, "a symbolic link that goes round in a circle"),
    errno.EACCES: (Unreadable, "this user may not read it"),
    errno.EPERM: (Unreadable, "this user may not read it"),
}
_KINDS: Final = (
    (stat.S_ISDIR, "a folder, and no file"),
    (stat.S_ISFIFO, "a pipe, and no file"),
    (stat.S_ISSOCK, "a socket, and no file"),
)


def _refused(error: OSError, shown: str) -> AudioError:
    kind, what = _REASONS.get(
        error.errno or 0, (Unreadable, f"can't be read: {(error.strerror or str(error)).lower()}")
    )
    return kind(what, at=Location(shown))


def _only_a_file(found: os.stat_result, shown: str) -> os.stat_result:
    if not stat.S_ISREG(found.st_mode):
        what = next((what for test, what in _KINDS if test(found.st_mode)), "a device, and no file")
        raise Unreadable(what, at=Location(shown))
    return found


class _Local:
    """A folder of this machine."""

    def __init__(self, folder: str) -> None:
        self.folder = os.path.realpath(folder)
        self._within = self.folder.rstrip("/") + "/"
        if not Path(self.folder).is_dir():
            what = "not a folder" if Path(self.folder).exists() else "there is no such folder"
            raise Missing(what, at=Location(spelled(self.folder)))

    def open(self, path: str, shown: str) -> BinaryIO:
        real = self._real(path, shown)
        try:
            _only_a_file(os.lstat(real), shown)
            # Should it become a pipe in between, this doesn't wait for a writer.
            number = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError as error:
            raise _refused(error, shown) from error
        try:
            _only_a_file(os.fstat(number), shown)
            self._check_within(number, shown)
            return os.fdopen(number, "rb")
        except BaseException:
            os.close(number)
            raise

    def state(self, path: str, shown: str) -> FileState:
        try:
            found = _only_a_file(os.lstat(self._real(path, shown)), shown)
        except OSError as error:
            raise _refused(error, shown) from error
        return FileState(found.st_size, found.st_mtime_ns)

    def walk(self, troubled: Troubled) -> Iterator[str]:
        waiting = [iter(self._listed("", troubled))]
        while waiting:
            entry = next(waiting[-1], None)
            if entry is None:
                waiting.pop()
                continue
            path, is_folder = entry
            if is_folder:
                waiting.append(iter(self._listed(path, troubled)))
            else:
                yield path

    def _listed(self, folder: str, troubled: Troubled) -> list[tuple[str, bool]]:
        """Give what is in a folder, sorted as the paths below it are: its path, and whether it is a folder."""
        try:
            with os.scandir(self._within + unspelled(folder)) as entries:
                found = [(f"{folder}{spelled(entry.name)}", entry) for entry in entries]
        except OSError as error:
            problem = _refused(error, folder or spelled(self.folder))
            if not folder:
                raise problem from error
            troubled(problem)
            return []
        kept: list[tuple[str, bool]] = []
        for path, entry in sorted(found, key=lambda each: each[0]):
            try:
                if entry.is_dir(follow_symlinks=False):
                    kept.append((path + "/", True))
                elif entry.is_file(follow_symlinks=False) or self._is_file(f"{path}/" if entry.is_dir() else path):
                    kept.append((path, False))
            except OSError as error:
                troubled(_refused(error, path))
            except AudioError as problem:
                troubled(problem)
        return sorted(kept)

    def _is_file(self, path: str) -> bool:
        """Tell that a link leads to a file within; say why not."""
        found = os.lstat(self._real(unspelled(path), path))
        if stat.S_ISDIR(found.st_mode):
            raise NotFollowed("a link to a folder, which is not followed", at=Location(path))
        return bool(_only_a_file(found, path))

    def _check_within(self, number: int, shown: str) -> None:
        """Ask the system where what was opened lies: a folder above it may have become a link meanwhile."""
        try:
            opened = str(Path(f"/proc/self/fd/{number}").readlink())
        except FileNotFoundError:  # a system without /proc, where the look before must do
            return
        if not opened.startswith(self._within):
            raise Outside("a symbolic link that leads out of the folder", at=Location(shown))

    def _real(self, path: str, shown: str) -> str:
        """Resolve every link on the way to a file; refuse what is not there, or not within the folder."""
        try:
            real = os.path.realpath(self._within + path, strict=True)
        except OSError as error:
            raise _refused(error, shown) from error
        if not f"{real}/".startswith(self._within):
            raise Outside("a symbolic link that leads out of the folder", at=Location(shown))
        return real


class _Remote:
    """Storage that fsspec reads."""

    def __init__(self, url: str) -> None:
        scheme = url.partition("://")[0]
        if urlsplit(url).password:
            mend = "Leave it out, and give it to the storage's own library by the environment."
            raise AudioError("an address with a password in it", mend=mend)
        try:
            from fsspec.core import url_to_fs

            self._storage, base = url_to_fs(url)
        except ImportError as error:
            mend = "Install the library that it names."
            if scheme in ("s3", "s3a"):
                mend = 'Install it with `pip install "cratecheck[s3]"`.'
            raise AudioError(f"{scheme}:// needs a library that is not installed ({error})", mend=mend) from error
        except Exception as error:
            mend = "Write it as s3://BUCKET/FOLDER, or give a folder."
            raise AudioError(f"nothing reads the address {quoted(url)}: {error}", mend=mend) from error
        self._base = str(base).rstrip("/")
        self._of_the_web = url.rpartition("::")[2].partition("://")[0].casefold() in _OF_THE_WEB

    def _address(self, path: str) -> str:
        """Give where a file lies; on the web, where %2e is a dot and ? begins a query, so that its name stays one."""
        return f"{self._base}/{quote(os.fsencode(path)) if self._of_the_web else path}"

    def _names(self, addresses: Iterable[str]) -> Iterator[str]:
        """Give the paths of files that were listed."""
        within = f"{self._base}/"
        for path in (address.removeprefix(within) for address in addresses if address.startswith(within)):
            if not self._of_the_web:
                yield path
            elif not {"?", "#"} & set(path):  # else it is no file, but another view of the list
                yield os.fsdecode(unquote_to_bytes(path))

    def open(self, path: str, shown: str) -> BinaryIO:
        try:
            return cast(BinaryIO, self._storage.open(self._address(path), "rb"))
        except Exception as error:
            raise _failed(error, shown) from error

    def state(self, path: str, shown: str) -> FileState:
        try:
            told = self._storage.info(self._address(path))
        except Exception as error:
            raise _failed(error, shown) from error
        if told.get("type") == "directory":
            raise Unreadable("a folder, and no file", at=Location(shown))
        return FileState(int(told.get("size") or 0), _modified_ns(told))

    def walk(self, troubled: Troubled) -> Iterator[str]:
        try:
            if not self._storage.isdir(self._base):
                raise Missing("there is no such folder", at=Location(self._base))
            found = self._storage.find(self._base)
        except AudioError:
            raise
        except Exception as error:
            raise _failed(error, self._base) from error
        for path in sorted(spelled(name) for name in self._names(map(str, found))):
            try:
                _relative(path)
            except AudioError as problem:
                troubled(problem)
            else:
                yield path


def _failed(error: Exception, shown: str) -> AudioError:
    if isinstance(error, FileNotFoundError):
        return Missing("there is no such file", at=Location(shown))
    if isinstance(error, IsADirectoryError):
        return Unreadable("a folder, and no file", at=Location(shown))
    if isinstance(error, PermissionError):
        return Unreadable("the storage doesn't let this user read it", at=Location(shown))
    return Unreadable(f"the storage failed: {type(error).__name__}: {quoted(error)}", at=Location(shown))


def _modified_ns(told: dict[str, Any]) -> int | None:
    """Find the time of the last change among the names that storages give it."""
    for name in ("LastModified", "last_modified", "mtime", "updated", "modified", "created"):
        value = told.get(name)
        if isinstance(value, datetime):
            moment = value if value.tzinfo else value.replace(tzinfo=UTC)
            return int(moment.timestamp() * 1_000_000) * 1000
        if isinstance(value, int | float):
            return int(value * 1_000_000) * 1000
    return None
