"""Folders made by hand to break the reader, on every push."""

from collections import Counter
from pathlib import Path

import pytest

from tests.hostile.folders import FOLDERS, Folder
from tests.hostile.looking import rows, try_folder
from tests.support.fuzzing import renamed
from tests.support.run import run
from tests.support.seeds import write_study


@pytest.mark.parametrize("case", FOLDERS, ids=lambda case: f"{case.group}-{case.name}")
def test_each_folder_gives_its_codes_and_its_status(case: Folder, tmp_path: Path) -> None:
    assert try_folder(case, tmp_path / "x") == ""


def test_there_are_eighty_folders_and_at_least_three_of_each_group() -> None:
    groups = Counter(one.group for one in FOLDERS)

    assert len(FOLDERS) >= 80
    assert min(groups.values()) >= 3
    assert len({(one.group, one.name) for one in FOLDERS}) == len(FOLDERS)


WORST = (
    "an endless JP2 box", "an endless JP2 box in a segmentation", "sequences 10,350 deep",
    "a deflated bomb of 100 MB", "a voxel that is no number", "65,535 x 65,535 pixels",
)  # fmt: skip


def test_the_worst_of_them_through_the_command_beside_a_good_study(tmp_path: Path) -> None:
    by_name = {one.name: one for one in FOLDERS}
    write_study(tmp_path / "in" / "good")
    for number, name in enumerate(WORST, start=1):
        folder = tmp_path / "in" / str(number)
        by_name[name].make(folder)
        for path in folder.iterdir():
            path.write_bytes(renamed(path.read_bytes(), number))

    outcome = run(tmp_path / "in", tmp_path / "out")

    expected = {code for name in WORST for code in by_name[name].codes}
    status = {row["study_uid"]: row["status"] for row in rows(outcome.out / "studies.csv")}
    assert outcome.status == 1
    assert expected <= outcome.codes
    assert status["1.2.826.0.1.1"] == "ok"
    assert len(status) == len(WORST) + 1
