"""Files that kill, hang or fill whoever opens them are named; everything else is measured."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from quant.dicom.files.cache import HeaderCache
from quant.dicom.index import index_tree
from quant.domain.record import Status
from quant.domain.study import StudyIndex
from quant.phantom.solid_studies import solid_cases, write_solid_study
from quant.pipeline.batch import run_batch
from quant.pipeline.cage.cage import Cage
from quant.pipeline.cage.limits import Limits
from quant.pipeline.cage.looking import caged_looks
from quant.pipeline.cage.reading import CagedReader
from quant.pipeline.engines.caged import Caged
from quant.pipeline.protocols import load_protocol
from quant.report.inspection.folder import inspect_index

SITE = Path(__file__).parents[2] / "support" / "hostile_site"
ZHOU = load_protocol("zhou2025")

AT_OPENING = {
    "a.kills.dcm": "WORKER_DIED",
    "c.loops.dcm": "TIME_LIMIT",
    "d.hangs.dcm": "TIME_LIMIT",
    "e.hoards.dcm": "MEMORY_LIMIT",
}


@pytest.fixture(scope="module")
def cage() -> Iterator[Cage]:
    limits = Limits(header_s=0.6, study_s=3.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SITE)
        with Cage(1, limits) as opened:
            yield opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three studies, each of one emission volume and its masks, and files that act when opened."""
    root = tmp_path_factory.mktemp("hostile")
    for number, name in enumerate(("good", "killer", "looper")):
        (root / name).mkdir()
        write_solid_study(root / name, solid_cases()[number], seed=number)
    for name, deed in (("killer", "kills"), ("looper", "loops")):
        emission = sorted((root / name).rglob("*.dcm"))[0]
        emission.rename(emission.with_name(f"x.{deed}-measuring.dcm"))
    for name in AT_OPENING:
        (root / name).write_bytes(b"\0" * 128 + b"DICM" + b"\0" * 64)
    return root


@pytest.fixture(scope="module")
def index(cage: Cage, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> StudyIndex:
    with HeaderCache(tmp_path_factory.mktemp("cache"), settle_s=0.0) as cache:
        first = index_tree(folder, reader=CagedReader(cage), cache=cache)
        start = time.monotonic()
        assert index_tree(folder / "good", reader=CagedReader(cage), cache=cache).studies
        assert time.monotonic() - start < 5
    return first


def test_each_file_that_harms_its_reader_is_named_with_its_code(index: StudyIndex) -> None:
    assert {one.path: one.code for one in index.quarantined} == AT_OPENING
    assert all("while it was read" in one.message for one in index.quarantined)


def test_the_rest_is_indexed_as_if_they_were_not_there(index: StudyIndex, folder: Path) -> None:
    plain = index_tree(folder / "good")

    (good,) = (one for one in index.studies if one.study_uid == plain.studies[0].study_uid)

    assert good == plain.studies[0]
    assert len(index.studies) == 3
    used = sum(len(part.files) for one in index.studies for part in one.series)
    assert index.files_seen == used + len(AT_OPENING)


def test_studies_that_kill_or_hang_are_set_aside_and_the_batch_goes_on(
    cage: Cage, index: StudyIndex, tmp_path: Path
) -> None:
    result = run_batch(index, tmp_path, ZHOU, engine=Caged(cage))

    codes = {
        record.status if record.status is not Status.FAILED else record.quarantine[-1].code
        for record in result.records
    }
    assert codes == {Status.OK, "WORKER_DIED", "TIME_LIMIT"}
    assert not list(tmp_path.rglob("*.part"))


def test_a_look_goes_on_over_studies_that_kill_or_hang(cage: Cage, index: StudyIndex) -> None:
    report = inspect_index(index, ZHOU, looks=caged_looks(cage, ZHOU))

    good = [one for one in report["studies"] if one["measurable"]]
    bad = [one for one in report["studies"] if not one["measurable"]]
    assert (len(good), len(bad)) == (1, 2)
    assert {one["mend"][0]["code"] for one in bad} == {"WORKER_DIED", "TIME_LIMIT"}
    assert (
        good
        == [one for one in inspect_index(index, ZHOU, voxels=False)["studies"] if one["measurable"]]
        or good[0]["series"]
    )


def test_a_caged_batch_gives_the_records_of_a_plain_one(
    cage: Cage, folder: Path, tmp_path: Path
) -> None:
    index = index_tree(folder / "good", reader=CagedReader(cage))

    caged = run_batch(index, tmp_path / "caged", ZHOU, engine=Caged(cage))
    plain = run_batch(index_tree(folder / "good"), tmp_path / "plain", ZHOU)

    assert caged.records == plain.records
    for path in (tmp_path / "plain" / "records").iterdir():
        assert (tmp_path / "caged" / "records" / path.name).read_bytes() == path.read_bytes()
