"""Folders made by hand to break the reader, on every push."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from tests.hostile.folders import FOLDERS
from tests.hostile.looking import rows, try_folder
from tests.support.fuzzing import renamed
from tests.support.run import run
from tests.support.seeds import write_study


def test_a_folder_that_gives_another_code_or_status_is_told(tmp_path: Path) -> None:
    """The judge itself; the folders are tried as goal 3 (tests/soak)."""
    good = FOLDERS[0]

    assert try_folder(good, tmp_path / "good") == ""
    assert "status" in try_folder(replace(good, status=0), tmp_path / "status")
    assert "ROI_EMPTY" in try_folder(replace(good, codes=("ROI_EMPTY",)), tmp_path / "code")


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
