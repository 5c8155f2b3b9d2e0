"""What travels: the wheel holds package and models, the source archive what builds and tests it."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[1]
MODELS = sorted((ROOT / "pretrained").glob("*.safetensors"))


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("wheel")
    (path,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    with zipfile.ZipFile(path) as wheel:
        return set(wheel.namelist())


@pytest.fixture(scope="module")
def sdist_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("sdist")
    (path,) = SdistBuilder(str(ROOT)).build(directory=str(folder))
    with tarfile.open(path) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def test_the_wheel_holds_every_module_and_model(wheel_names: set[str]) -> None:
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "vocalsep").rglob("*.py")}
    assert modules <= wheel_names
    assert MODELS
    for path in (*MODELS, ROOT / "pretrained" / "index.json"):
        assert f"vocalsep/pretrained/{path.name}" in wheel_names
    assert "vocalsep/py.typed" in wheel_names


def test_the_wheel_holds_nothing_else(wheel_names: set[str]) -> None:
    assert {name.split("/")[0].split("-")[0] for name in wheel_names} == {"vocalsep"}
    assert not any("test" in name.split("/")[1] for name in wheel_names)


def test_the_source_archive_can_be_built_and_tested(sdist_names: set[str]) -> None:
    for name in ("pyproject.toml", "README.md", "LICENSE", "constraints.txt", ".ci/run"):
        assert name in sdist_names
    assert "tests/clips/everything-is-free.mp3" in sdist_names
    assert {f"pretrained/{path.name}" for path in MODELS} <= sdist_names
    assert not any("__pycache__" in name for name in sdist_names)


def test_models_stay_small() -> None:
    """A wheel is fetched by everyone: 11 MB a model, 35 MB in all."""
    sizes = [path.stat().st_size for path in MODELS]
    assert max(sizes) <= 11_000_000
    assert sum(sizes) <= 35_000_000
