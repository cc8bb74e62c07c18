"""Studies that the end-to-end tests share; each is written once."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from quant.phantom.solid_studies import solid_cases, write_solid_study
from tests.support.run import PLAIN, Outcome, here, run


@dataclass(frozen=True)
class MeasuredBatch:
    """A phantom folder, its truth by study UID, and what measuring it gave."""

    folder: Path
    truths: dict[str, dict[str, Any]]
    outcome: Outcome


@pytest.fixture(scope="session")
def solids(tmp_path_factory: pytest.TempPathFactory) -> MeasuredBatch:
    """Analytic solids in every layout, written and measured by the command line."""
    base = tmp_path_factory.mktemp("solids")
    status, _, stderr = here("phantom", base / "in", "--kind", "solids", "--seed", "7")
    assert status == 0, stderr
    truth = json.loads((base / "in" / "truth.json").read_text(encoding="utf-8"))
    truths = {one["study_uid"]: one for one in truth["studies"]}
    return MeasuredBatch(base / "in", truths, run(base / "in", base / "out", *PLAIN))


@pytest.fixture(scope="session")
def ball_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One good study to spoil: nm.dcm, rtstruct.dcm, seg.dcm."""
    folder = tmp_path_factory.mktemp("ball") / "study"
    folder.mkdir()
    write_solid_study(folder, solid_cases()[0], seed=3)
    return folder
