"""The embedders that there are: those that come with Cratecheck, and those of installed packages, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final

from audit_core.audio.embedding import ChromaEmbedder, Embedder
from audit_core.errors import SettingsError
from audit_core.wording import did_you_mean, quoted

__all__ = ["GROUP", "embedder_named"]

GROUP: Final = "cratecheck.embedders"


def _chroma(_model: Path | None) -> Embedder:
    return ChromaEmbedder()


def _onnx(model: Path | None) -> Embedder:
    from audit_core.audio.onnx_embedder import OnnxEmbedder

    return OnnxEmbedder(model)


_OWN: Final[Mapping[str, Callable[[Path | None], Embedder]]] = {"chroma": _chroma, "onnx": _onnx}


def embedder_named(name: str, model: Path | None = None) -> Embedder:
    """Make the embedder that the settings name.

    Parameters
    ----------
    name : str
        ``chroma``, ``onnx``, or the name of an entry point.
    model : Path, optional
        The setting `embedder_model`.

    Raises
    ------
    SettingsError
        If there is none of this name, or it can't be loaded.
    """
    if name in _OWN:
        return _OWN[name](model)
    plugged = entry_points(group=GROUP)
    if name not in plugged.names:
        raise SettingsError(f"no embedder is called {quoted(name)}", mend=did_you_mean(name, [*_OWN, *plugged.names]))
    try:
        make: Any = plugged[name].load()
        made: Embedder = make(model)
    except Exception as error:
        raise SettingsError(
            f"the embedder {quoted(name)} can't be loaded: {type(error).__name__}: {error}",
            mend=f"It comes from the package of the entry point {plugged[name].value}.",
        ) from error
    return made
