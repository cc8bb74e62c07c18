"""Lesions followed on regions: label files named in a table, or regions at several times."""

import csv
import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.domain.region import Region
from quant.errors import UsageError
from quant.scoring.response import respond
from quant.scoring.response.from_regions import LesionFacts, Scan, lesions_from_regions
from quant.scoring.response.lesions.history import Kind, State
from quant.scoring.response.recist.answer import answer_recist, evidence_of

SHAPE = (12, 60, 60)
GRID = Grid(SHAPE, np.array([[0, 0, 1.0, -30], [0, 1.0, 0, -30], [2.0, 0, 0, 5], [0, 0, 0, 1]]))


def _ball(radius_mm: float, centre: tuple[float, float, float] = (0.0, 0.0, 16.0)) -> Region:
    index = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), axis=-1)
    distance = np.linalg.norm(GRID.to_mm(index) - np.array(centre), axis=-1)
    weights = np.clip(radius_mm - distance + 0.5, 0, 1).astype(np.float32)
    return Region.from_full(GRID, weights, "ball")


def test_balls_at_three_times_give_their_diameters_and_the_response() -> None:
    """Radii 10, 6 and 8 mm: 20, 12 (-40 %: PR) and 16 mm (+33 %, 4 mm: not progression)."""
    facts = {"L1": LesionFacts("liver", kind=Kind.TARGET)}
    scans = [
        Scan("t2", dt.date(2024, 6, 1), {"L1": _ball(8)}),
        Scan("baseline", dt.date(2024, 1, 1), {"L1": _ball(10)}),
        Scan("t1", dt.date(2024, 3, 1), {"L1": _ball(6)}),
    ]

    answer = answer_recist(lesions_from_regions("p", scans, facts))

    sums = [float(point.targets.known_mm) for point in answer.points]
    assert sums == pytest.approx([20, 12, 16], abs=0.3)
    assert [point.response for point in answer.points] == [None, "PR", "SD"]
    steps = evidence_of(answer)["time_points"][1]["derivation"]  # type: ignore[index]
    assert any(step["rule"] == "DIAMETER" and "LPS mm" in step["sentence"] for step in steps)


def test_a_lesion_without_a_region_is_not_assessable_and_one_first_seen_later_is_new() -> None:
    facts = {name: LesionFacts("liver", kind=None) for name in ("L1", "L2")}
    scans = [
        Scan("baseline", 0, {"L1": _ball(10)}),
        Scan("t1", 60, {}),
        Scan("t2", 120, {"L1": _ball(10), "L2": _ball(6, (12.0, 0.0, 16.0))}),
    ]

    answer = answer_recist(lesions_from_regions("p", scans, facts))

    assert [point.response for point in answer.points[1:]] == ["NE", "PD"]
    assert answer.points[2].new.sure == ("L2",)


def test_targets_are_chosen_by_size_two_in_an_organ() -> None:
    radii = {"L1": 10, "L2": 9, "L3": 8, "L4": 4}
    scan = Scan("baseline", 0, {name: _ball(radius) for name, radius in radii.items()})
    later = Scan("t1", 60, {}, dict.fromkeys(radii, State.ABSENT))

    history = lesions_from_regions("p", [scan, later], {n: LesionFacts("liver") for n in radii})

    kinds = {name: row.kind for name, row in history.baseline.rows.items()}
    assert kinds == {"L1": "target", "L2": "target", "L3": "non-target", "L4": "non-target"}
    assert answer_recist(history).points[1].response == "CR"


def _save(path: Path, values: NDArray[np.generic]) -> None:
    import nibabel

    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ GRID.affine @ _kji_to_ijk()
    # nibabel wants (i, j, k) and RAS
    image = nibabel.Nifti1Image(values.transpose(2, 1, 0), affine)  # type: ignore[no-untyped-call]
    nibabel.save(image, path)


def _kji_to_ijk() -> NDArray[np.float64]:
    swap = np.zeros((4, 4))
    swap[0, 2] = swap[1, 1] = swap[2, 0] = swap[3, 3] = 1
    return swap


def _table(folder: Path, regions: list[str], extra: str = "") -> Path:
    rows = [
        ["p", "baseline", "2024-01-01", "L1", "liver", "target", "no", extra, regions[0]],
        ["p", "t1", "2024-03-01", "L1", "", "", "", "", regions[1]],
    ]
    path = folder / "lesions.csv"
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["patient", "time_point", "date", "lesion", "organ", "kind", "node",
                         "longest_mm", "region"])  # fmt: skip
        writer.writerows(rows)
    return path


def test_label_files_named_in_a_table_are_measured(tmp_path: Path) -> None:
    values = (_ball(10).full_weights() >= 0.5).astype(np.uint8)
    values[_ball(6).full_weights() >= 0.5] = 2
    _save(tmp_path / "one.nii.gz", (values > 0).astype(np.uint8))
    _save(tmp_path / "two.nii.gz", values)

    (answer,) = respond(_table(tmp_path, ["one.nii.gz", "two.nii.gz#two:2"])).recist

    sums = [float(point.targets.known_mm) for point in answer.points]
    assert sums == pytest.approx([20, 12], abs=1.0)
    assert answer.points[1].response == "PR"


@pytest.mark.parametrize(
    ("regions", "extra", "row", "says"),
    [
        (["none.nii.gz", "one.nii.gz"], "", 2, "there is no such file"),
        (["one.nii.gz", "two.nii.gz"], "", 3, "2 labels fit"),
        (["one.nii.gz", "two.nii.gz#three"], "", 3, "there are: two:1, two:2"),
        (["one.nii.gz", "one.nii.gz"], "20", 2, "a region beside a diameter"),
    ],
)
def test_a_region_that_cannot_be_measured_is_named_with_its_row(
    regions: list[str], extra: str, row: int, says: str, tmp_path: Path
) -> None:
    values = (_ball(10).full_weights() >= 0.5).astype(np.uint8)
    _save(tmp_path / "one.nii.gz", values)
    values[_ball(6).full_weights() >= 0.5] = 2
    _save(tmp_path / "two.nii.gz", values)

    with pytest.raises(UsageError) as caught:
        respond(_table(tmp_path, regions, extra))

    assert f"row {row}:" in caught.value.found
    assert says in caught.value.found
