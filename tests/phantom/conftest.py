"""Studies that the phantom's tests share; each is written once."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from quant.phantom.anatomy import Torso, read_torso
from quant.phantom.kinds import PhantomKind
from quant.phantom.studies import write_phantom


@dataclass(frozen=True)
class Written:
    """An output folder of the generator and its truth by study name."""

    folder: Path
    truths: dict[str, dict[str, Any]]


def written(folder: Path, kind: PhantomKind, seed: int) -> Written:
    """Write a kind of phantom into a folder."""
    write_phantom(folder, kind, seed)
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    return Written(folder, {one["name"]: one for one in truth["studies"]})


@pytest.fixture(scope="session")
def torso() -> Torso:
    """Read the real torso under the simulated uptake."""
    return read_torso("1.2.3")


@pytest.fixture(scope="session")
def torso_study(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Write the torso study of seed 1."""
    return written(tmp_path_factory.mktemp("torso"), PhantomKind.TORSO, 1)


@pytest.fixture(scope="session")
def nema_studies(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Write both NEMA studies of seed 1."""
    return written(tmp_path_factory.mktemp("nema"), PhantomKind.NEMA, 1)
