"""Codes of a study: the worst first, and each with the region that it belongs to."""

from quant.domain.flags import Flag
from quant.domain.measurement import Measurement
from quant.domain.record import RegionSummary, Status, StudyRecord
from quant.report.flagged import codes_of, explained
from quant.report.site.batch import Batch


def region(name: str, *, first: bool) -> RegionSummary:
    return RegionSummary(name, "tumour", "made", "fractional", 1.0, 9, 0.0, first)


def small(roi: str, detail: str) -> list[Measurement]:
    """Two values of a region with one flag, as morphology and passport give it."""
    flags = (Flag("ASP_UNRELIABLE", detail),)
    return [Measurement(name, None, "1", roi, "", flags=flags) for name in ("a", "b")]


def study(*rows: Measurement) -> StudyRecord:
    regions = (region("mass", first=True), region("node", first=False))
    flags = (Flag("NO_CT"), Flag("NM_UNCALIBRATED", "no unit"))
    return StudyRecord("1.2", "s", Status.OK, regions=regions, flags=flags, measurements=(*rows,))


def test_a_flag_says_of_which_region_it_is_and_once_for_each() -> None:
    found = {f.code: f.detail for f in explained(study(*small("node", "9 voxels")))}

    assert found["ASP_UNRELIABLE"] == "node: 9 voxels"
    assert found["NM_UNCALIBRATED"] == "no unit"
    assert list(found)[-1] == "NO_CT", "what only informs stands last"


def test_of_many_regions_the_first_are_named_and_the_others_counted() -> None:
    rows = [one for n in range(7) for one in small(f"node {n}", "tiny")]

    (found,) = (f for f in explained(study(*rows)) if f.code == "ASP_UNRELIABLE")

    assert found.detail.startswith("node 0: tiny; node 1: tiny; ")
    assert found.detail.endswith("; and 3 more")


def test_a_row_names_no_flag_that_only_another_lesion_has() -> None:
    """Beside the primary's asphericity it would read as the primary's."""
    record = study(*small("node", "9 voxels"))
    batch = Batch(lambda name: name)
    batch.add("one", record)
    (row,) = batch.view(())["rows"]

    assert codes_of(record)[1] == ["ASP_UNRELIABLE"]
    assert [code for code, _ in row.loud] == ["NM_UNCALIBRATED"]
    assert "ASP_UNRELIABLE" in row.quiet
    assert "ASP_UNRELIABLE" in row.codes, "it is still found by the filter"
    batch.add("two", study(*small("mass", "9 voxels")))
    assert "ASP_UNRELIABLE" in dict(batch.view(())["rows"][1].loud)
