"""An embedder of one's own as an ONNX file, for the setting ``embedder = "onnx"``.

The model has one input, float32 of shape (1, n): mono audio, full scale from -1 to 1, at the rate that its metadata
states as ``sample_rate_hz`` (16,000 if it states none), in windows of ``window_s`` seconds (10 if it states none). The
last window of a file is filled up with zeros, and left out if it is less than half full and not the only one. Its first
output is the vector of the window, of any shape of one size. The mean over all windows is the file's vector.

The audio that it gets was decimated to 11 to 12 kHz: there is nothing in it above 5 kHz.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy.signal import resample_poly

from audit_core.audio.embedding import Described, Vector
from audit_core.audio.extractor import Samples
from audit_core.errors import Location, SettingsError

__all__ = ["OnnxEmbedder"]

_SILENCE: Final = 1e-4


class OnnxEmbedder:
    """Runs a model on one thread, window by window.

    Parameters
    ----------
    model : Path or None
        The file.

    Raises
    ------
    SettingsError
        If there is no model, ONNX Runtime is not installed, or it can't use the file.
    """

    name: str = "onnx"

    def __init__(self, model: Path | None) -> None:
        if model is None:
            raise SettingsError("no model is named", mend='Name one in cratecheck.toml: embedder_model = "model.onnx".')
        at = Location(str(model))
        try:
            import onnxruntime
        except ImportError as error:
            mend = "Install it with `pip install 'cratecheck[onnx]'`."
            raise SettingsError("ONNX Runtime is not installed, which runs the model", at=at, mend=mend) from error
        try:
            written = model.read_bytes()
        except OSError as error:
            raise SettingsError(f"the model can't be read: {(error.strerror or str(error)).lower()}", at=at) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            self._session: Any = onnxruntime.InferenceSession(written, options, providers=["CPUExecutionProvider"])
            said = self._session.get_modelmeta().custom_metadata_map
            self._rate_hz = int(said.get("sample_rate_hz", 16_000))
            self.window_s = float(said.get("window_s", 10))
            inputs = self._session.get_inputs()
        except Exception as error:
            raise SettingsError(f"this is no model that ONNX Runtime can use: {error}", at=at) from error
        if len(inputs) != 1 or inputs[0].type != "tensor(float)" or self._rate_hz <= 0 or self.window_s <= 0:
            mend = "It is to take one input, float32 of shape (1, n), at a rate and in windows of more than nothing."
            raise SettingsError("the model takes something else than audio", at=at, mend=mend)
        self._input = inputs[0].name
        self.version = hashlib.sha256(written).hexdigest()[:16]

    def describe(self, y: Samples, sr: float, /) -> Described:
        """Give the window's vector and, below it, its level and its share of a full one: shape=(n + 2, 1)."""
        full = round(self.window_s * self._rate_hz)
        audio = resample_poly(y, self._rate_hz, round(sr)).astype(np.float32)[:full]
        filled = np.pad(audio, (0, full - len(audio)))
        vector = np.asarray(self._session.run(None, {self._input: filled[None]})[0], np.float32).ravel()
        level = np.sqrt(np.mean(np.square(y))) if y.size else 0.0
        return np.append(vector, [level, len(audio) / full]).astype(np.float32)[:, None]

    def embed(self, described: Described, /) -> Vector | None:
        """Give the mean of the windows that are not silent, of length 1; None if all are."""
        vectors, level, share = described[:-2], described[-2], described[-1]
        used = (level >= _SILENCE) & ((share >= 0.5) | (np.arange(described.shape[1]) == 0))
        if not used.any():
            return None
        vector = vectors[:, used].mean(axis=1)
        length = float(np.linalg.norm(vector))
        return (vector / length).astype(np.float32) if length > 0 else None
