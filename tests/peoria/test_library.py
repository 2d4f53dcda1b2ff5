"""The library: what it predicts is what the champion that ships predicts."""

import io
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

import peoria
from models.backbone import read_info
from models.backbone_files import STARTER
from models.features import FEATURES_VERSION
from models.head import Head
from models.registry import Manifest, write_version
from peoria import ImageRefused, Peoria, Prediction
from tests.fixtures import images

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def shipped() -> Peoria:
    return Peoria.load()


def photo(width: int = 96) -> bytes:
    return images.encode(images.photo(width, 64), "PNG")


def test_path_bytes_and_picture_are_the_same(shipped: Peoria, tmp_path: Path) -> None:
    data = photo()
    path = tmp_path / "picture.png"
    path.write_bytes(data)
    with Image.open(io.BytesIO(data)) as picture:
        kinds = [data, path, str(path), picture]
        predictions = [shipped.predict(kind, title="One", at=NOON) for kind in kinds]
    first = predictions[0]
    assert all(each == first for each in predictions)
    assert sum(first.shares.values()) == pytest.approx(1)
    assert sum(first.bars) == pytest.approx(1)
    assert max(first.bars) - min(first.bars) > 0.001
    assert first.model_version == "starter"
    assert not first.untrained
    assert first.attributes is not None
    assert json.loads(json.dumps(first.as_json()))["beats"] == first.beats


def test_several_at_once_are_each_as_alone(shipped: Peoria) -> None:
    pictures = [photo(90), b"no picture", photo(64), ROOT / "not-there.png"]
    titles = ["One", "", "Two", ""]
    one, refused, two, missing = shipped.predict_many(pictures, titles=titles, at=NOON)
    assert isinstance(refused, ImageRefused)
    assert isinstance(missing, FileNotFoundError)
    for found, data, title in ((one, photo(90), "One"), (two, photo(64), "Two")):
        assert isinstance(found, Prediction)
        assert found.bars == pytest.approx(shipped.predict(data, title=title, at=NOON).bars)


def test_what_is_refused_is_raised(shipped: Peoria) -> None:
    with pytest.raises(ImageRefused):
        shipped.predict(b"no picture")
    with pytest.raises(ValueError, match="1 titles for 2 images"):
        shipped.predict_many([photo(), photo()], titles=["one"])
    with pytest.raises(ValueError, match="time zone"):
        shipped.predict(photo(), at=NOON.replace(tzinfo=None))


def test_a_version_that_learned_from_nothing_says_so(tmp_path: Path) -> None:
    manifest = Manifest(
        name="prior",
        created_at=NOON,
        backbone=read_info(STARTER).fingerprint,
        features_version=FEATURES_VERSION,
        trained_until=None,
        labels=0,
        metrics={},
    )
    untrained = Peoria.load(write_version(tmp_path, manifest, Head.uniform().save))
    assert untrained.untrained
    assert untrained.predict(photo()).untrained


def test_importing_it_loads_no_model_code() -> None:
    script = "import peoria, sys; print(sorted({'numpy', 'PIL', 'sqlalchemy'} & {*sys.modules}))"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        _ = peoria.nothing_of_the_kind
