"""The embedding of a piece is that of its versions, near enough; what says nothing has none."""

from __future__ import annotations

import wave
from dataclasses import replace
from importlib.metadata import EntryPoint, EntryPoints
from io import BytesIO
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from audit_core.audio import embedders
from audit_core.audio.decimate import Decimator
from audit_core.audio.decode import open_audio
from audit_core.audio.embedders import embedder_named
from audit_core.audio.embedding import ChromaEmbedder, Embedder, EmbeddingExtractor, EmbeddingSink, Vector
from audit_core.audio.extractor import Samples
from audit_core.audio.extractors import extractors
from audit_core.errors import SettingsError
from bot.demo.pieces import SAMPLE_RATE_HZ, Piece, render

RATE_HZ = 11_025.0
PIECES = (
    Piece("One", "A", "folk", 108, "G major", 1, 20),
    Piece("Two", "B", "house", 123, "A minor", 2, 20),
    Piece("Three", "C", "waltz", 150, "Ab major", 3, 20),
    Piece("Four", "D", "soul", 88, "Ab mixolydian", 4, 20),
)
THREE_UP = {"G major": "Bb major", "A minor": "C minor", "Ab major": "B major", "Ab mixolydian": "B mixolydian"}


def embedded(y: Samples, embedder: Embedder, block: int = 11_025) -> Vector | None:
    sink = EmbeddingSink(embedder, RATE_HZ)
    for start in range(0, len(y), block):
        sink.feed(y[start : start + block])
    features = sink.finish().features
    return None if features is None else np.frombuffer(features, np.float32)


def heard(piece: Piece) -> Samples:
    decimator = Decimator(SAMPLE_RATE_HZ)
    return np.concatenate([decimator.feed(render(piece)), decimator.finish()])


def test_a_piece_in_another_key_and_a_tenth_faster_is_nearest_to_itself() -> None:
    originals = [embedded(heard(piece), ChromaEmbedder()) for piece in PIECES]
    for number, piece in enumerate(PIECES):
        faster = replace(piece, key=THREE_UP[piece.key], bpm=piece.bpm * 1.1, seconds=piece.seconds / 1.1)
        cover = embedded(heard(faster), ChromaEmbedder())
        assert cover is not None
        likeness = [float(cover @ original) for original in originals if original is not None]
        assert likeness.index(max(likeness)) == number


def test_the_vector_is_the_same_however_the_audio_comes() -> None:
    y = np.random.default_rng(1).normal(0, 0.1, round(70 * RATE_HZ)).astype(np.float32)
    whole, pieces = embedded(y, ChromaEmbedder(), len(y)), embedded(y, ChromaEmbedder(), 4_999)
    assert whole is not None
    assert pieces is not None
    assert whole.tobytes() == pieces.tobytes()
    assert whole.shape == (7 * 48,)
    assert np.linalg.norm(whole) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    "y",
    [
        np.zeros(round(60 * RATE_HZ), np.float32),
        np.ones(3, np.float32),
        np.ones(0, np.float32),
        np.random.default_rng(2).normal(0, 0.1, round(7 * RATE_HZ)).astype(np.float32),
    ],
    ids=["silence", "three samples", "nothing", "seven seconds"],
)
def test_what_is_silent_or_short_has_no_vector(y: Samples) -> None:
    assert embedded(y, ChromaEmbedder()) is None


def test_the_extractor_is_of_another_version_with_another_embedder() -> None:
    assert EmbeddingExtractor(ChromaEmbedder()).version == "chroma-1"
    assert extractors()["embedding"].version == "chroma-1"


def test_an_extractor_hears_an_open_file() -> None:
    wav = BytesIO()
    with wave.open(wav, "wb") as file:
        file.setparams((1, 2, 22_050, 0, "NONE", ""))
        file.writeframes(np.random.default_rng(3).integers(-9_000, 9_000, 9 * 22_050, np.int16).tobytes())
    wav.seek(0)
    with open_audio(wav) as audio:
        sink, decimator = EmbeddingExtractor(ChromaEmbedder()).start(audio), Decimator(audio.sample_rate_hz)
        for block in audio.blocks():
            sink.feed(decimator.feed(block))
        sink.feed(decimator.finish())
        assert len(sink.finish().features or b"") == 7 * 48 * 4


def model(path: Path, *, name: str = "audio", **metadata: str) -> Path:
    """Write a model that takes four weighted means of its 160 samples."""
    weights = numpy_helper.from_array(np.repeat(np.eye(4, dtype=np.float32), 40, axis=0) / 40, "weights")
    graph = helper.make_graph(
        [helper.make_node("MatMul", [name, "weights"], ["vector"])],
        "means",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 160])],
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, 4])],
        [weights],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(made, metadata)
    onnx.save(made, str(path))
    return path


def test_an_onnx_model_embeds_the_mean_of_its_windows(tmp_path: Path) -> None:
    path = model(tmp_path / "m.onnx", sample_rate_hz="11025", window_s=str(160 / 11_025))
    embedder = embedder_named("onnx", path)
    first, second = np.repeat([4, 3, 2, 1], 40) / 10, np.repeat([0, 1, 0, 1], 40) / 10
    y = np.concatenate([first, second, first[:30]]).astype(np.float32)
    vector = embedded(y, embedder)
    assert vector is not None
    expected = np.asarray([4, 4, 2, 2]) / np.linalg.norm([4, 4, 2, 2])
    assert vector == pytest.approx(expected, abs=1e-6)  # the third window is less than half full
    assert embedded(np.zeros(500, np.float32), embedder) is None


def test_another_model_is_another_version(tmp_path: Path) -> None:
    first = extractors("onnx", model(tmp_path / "a.onnx"))["embedding"]
    second = extractors("onnx", model(tmp_path / "b.onnx", window_s="5"))["embedding"]
    assert first.version.startswith("onnx-")
    assert first.version != second.version


@pytest.mark.parametrize(
    ("name", "written", "words"),
    [
        ("onnx", None, "no model is named"),
        ("onnx", "", "no such file"),
        ("onnx", "text", "no model that ONNX Runtime can use"),
        ("crhoma", None, "no embedder is called"),
    ],
)
def test_an_embedder_that_cannot_be_had_is_a_mistake_of_the_settings(
    tmp_path: Path, name: str, written: str | None, words: str
) -> None:
    path = None if written is None else tmp_path / "m.onnx"
    if path is not None and written:
        path.write_text(written)
    with pytest.raises(SettingsError, match=words):
        embedder_named(name, path)


def made_elsewhere(model: Path | None) -> Embedder:
    if model is None:
        raise RuntimeError("it wants a model")
    return ChromaEmbedder()


def test_a_package_plugs_in_an_embedder_by_an_entry_point(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    entry = EntryPoint("ours", f"{__name__}:made_elsewhere", embedders.GROUP)
    monkeypatch.setattr(entry.__class__, "load", lambda _: made_elsewhere)
    monkeypatch.setattr(embedders, "entry_points", lambda **_: EntryPoints([entry]))
    assert embedder_named("ours", tmp_path).name == "chroma"
    with pytest.raises(SettingsError, match="it wants a model"):
        embedder_named("ours")
