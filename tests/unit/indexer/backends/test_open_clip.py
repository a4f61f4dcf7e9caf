"""Any open_clip model: what is exported is what open_clip computes, from the picture file to the vector."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from indexer import build as builds
from indexer.backends import embedded
from indexer.backends import open_clip as open_clip_backend
from indexer.backends.runtime import RUNTIMES, open_runtime
from indexer.calibration import MIN_CONTROL
from indexer.errors import CalibrationError, ModelError
from indexer.index import snapshot as snapshots
from indexer.matcher import Matcher, nearest
from indexer.model import MatchKind, PictureFile
from indexer.signals.pixels.images import decode
from indexer.signals.pixels.views import WHOLE, pixels
from tests.conftest import RUNTIME, EmbeddedModel, TinySets
from tests.fakes import draw, encoded

MODEL = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 8, "vocab_size": 64, "width": 16, "heads": 2, "layers": 1},
}
SIZES = [(500, 300), (300, 500), (96, 96), (1400, 700)]


@pytest.fixture(scope="module")
def open_clip() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return open_clip_backend._import_open_clip()


@pytest.fixture(scope="module")
def local_model(open_clip: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save a small model of random weights as open_clip keeps models in folders."""
    folder = tmp_path_factory.mktemp("local-model")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = open_clip.CLIP(**MODEL)
    weights = {name: np.asarray(value.detach().numpy().copy()) for name, value in made.state_dict().items()}
    rng = np.random.default_rng(0)
    weights = {
        name: np.asarray(rng.standard_normal(value.shape) * 0.1, dtype=np.float32) if value.dtype.kind == "f" else value
        for name, value in weights.items()
    }
    save_file(weights, folder / "open_clip_model.safetensors")
    preprocess = {
        "mean": [0.4, 0.5, 0.6],
        "std": [0.2, 0.3, 0.25],
        "interpolation": "bilinear",
        "resize_mode": "shortest",
    }
    config = {"model_cfg": MODEL, "preprocess_cfg": preprocess}
    (folder / "open_clip_config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("mode", ["squash", "shortest", "longest"])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
def test_pictures_are_prepared_as_open_clip_prepares_them(
    open_clip: Any, embedded_model: EmbeddedModel, size: tuple[int, int], mode: str, interpolation: str
) -> None:
    """To within the averaging that comes first: 1.5 of 255 on the mean, and hardly anything in the embedding."""
    spec = replace(embedded_model.spec, resize_mode=mode, interpolation=interpolation)
    image = draw(2, 4, size)
    transform = open_clip.transform.image_transform(
        spec.image_size, is_train=False, mean=spec.mean, std=spec.std, resize_mode=mode, interpolation=interpolation
    )
    wanted = transform(image).numpy()
    found = pixels(decode("picture", encoded(image)), WHOLE, spec)
    difference = np.abs(found - wanted) * spec.std[0] * 255
    assert found.shape == wanted.shape
    assert float(difference.mean()) < 1.5
    both = embedded_model.runtime.embed(np.stack([found, wanted]))
    assert float(both[0] @ both[1]) >= 0.999, float(both[0] @ both[1])


def test_the_embedded_network_gives_open_clips_own_embeddings(embedded_model: EmbeddedModel) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model, _ = open_clip_backend.load(f"local-dir:{embedded.FOLDER}", "")
        tensors = [pixels(decode("p", encoded(draw(n, n))), WHOLE, embedded_model.spec) for n in range(4)]
        batch = np.stack(tensors)
        reference = open_clip_backend.torch.from_numpy(batch)
        with open_clip_backend.torch.no_grad():
            wanted = model.encode_image(reference, normalize=True).numpy()
    for name in RUNTIMES:
        found = open_runtime(embedded_model.path, embedded_model.spec, name).embed(batch)
        assert float((found * wanted).sum(axis=1).min()) >= 0.9999, name


def test_the_description_of_the_embedded_model_is_open_clips_own(embedded_model: EmbeddedModel) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model, preprocess = open_clip_backend.load(f"local-dir:{embedded.FOLDER}", "")
    fields = open_clip_backend.preprocess_fields(preprocess)
    assert fields == {name: getattr(embedded_model.spec, name) for name in fields}
    size = model.visual.image_size
    assert (size[0] if isinstance(size, (tuple, list)) else size) == embedded_model.spec.image_size


def test_a_model_that_open_clip_does_not_have_is_refused_with_the_way_out(tmp_path: Path) -> None:
    for name in ("no-such-model", f"local-dir:{tmp_path / 'gone'}"):
        with pytest.raises(ModelError, match="local-dir:PATH"):
            open_clip_backend.export(name, "", tmp_path / "out.onnx")


def test_another_model_without_a_control_set_is_refused(local_model: Path, one_set: TinySets, tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="--control DIR"):
        builds.build(one_set.read, tmp_path / "out", model=f"local-dir:{local_model}", runtime=RUNTIME)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_an_index_is_built_with_any_open_clip_model(local_model: Path, one_set: TinySets, tmp_path: Path) -> None:
    name = f"local-dir:{local_model}"
    crowd = tmp_path / "crowd"
    crowd.mkdir()
    for number in range(MIN_CONTROL):
        draw(1000 + number, 0, (80, 80)).save(crowd / f"{number:03}.png")
    report = builds.build(one_set.read, tmp_path / "out", model=name, control=crowd, runtime=RUNTIME)
    loaded = snapshots.load(report.path, expected_model=name)
    assert (loaded.model.embed_dim, loaded.model.image_size, loaded.model.resize_mode) == (24, 32, "shortest")
    assert (loaded.model.interpolation, loaded.model.mean) == ("bilinear", (0.4, 0.5, 0.6))
    assert loaded.manifest["counts"]["control_pictures"] == MIN_CONTROL
    matcher = Matcher(loaded, open_runtime(loaded.model_path, loaded.model, RUNTIME))
    found = matcher.examine([PictureFile("same", encoded(draw(90, 0)))]).pictures[0]
    # An identical picture needs no proof by geometry.
    assert {match.kind for match in found.matches} == set(MatchKind) - {MatchKind.GEOMETRIC_COPY}
    assert nearest(found)[0].kind is MatchKind.EXACT_COPY
    assert matcher.find_canary()
    matcher.close()
