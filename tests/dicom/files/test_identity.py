"""Which images belong together: the 81 combinations of ``docs/identity.md``, each one built."""

from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from quant.dicom.index import index_tree
from quant.dicom.pairing import select
from quant.domain.study import StudyFiles, StudyIndex
from tests.support.dicom_builder import CT, FRAME, STUDY, changed, letter_f, nm, save, slices
from tests.support.rt_builder import Roi, structure_set

DOCUMENT = Path(__file__).parents[3] / "docs" / "identity.md"
ATTRIBUTES = ("StudyInstanceUID", "PatientID", "FrameOfReferenceUID", "SeriesInstanceUID")
FIRST = dict(zip(ATTRIBUTES, (STUDY, "PATIENT-A", FRAME, "1.2.826.0.1.7"), strict=True))
OTHER = dict(zip(ATTRIBUTES, ("1.2.826.0.2.1", "PATIENT-B", "1.2.826.0.2.9", "1.2.5"), strict=True))
RELATIONS = ("agree", "differ", "missing")


@dataclass(frozen=True)
class Case:
    """How the identifiers of two series relate, who lacks the missing ones, and what is due."""

    relations: tuple[str, ...]
    lacking: str
    due: str

    def identifiers(self, side: str) -> dict[str, object]:
        """Return the identifiers of ``spect`` or ``other``; None for what is missing."""
        given: dict[str, object] = {}
        for name, relation in zip(ATTRIBUTES, self.relations, strict=True):
            given[name] = OTHER[name] if relation == "differ" and side == "other" else FIRST[name]
            if relation == "missing" and self.lacking in (side, "both"):
                given[name] = None
        return given

    def is_blank(self, side: str) -> bool:
        """Tell whether a UID has to be stood in for."""
        given = self.identifiers(side)
        return given["StudyInstanceUID"] is None or given["SeriesInstanceUID"] is None

    def __str__(self) -> str:
        """Return a name for the report of a test."""
        return "-".join((*self.relations, self.lacking))


def documented() -> dict[tuple[str, ...], str]:
    """Read the table of the document: outcomes by study, patient, frame and series."""
    rows: dict[tuple[str, ...], str] = {}
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 6 and cells[0] in RELATIONS:
            for series, due in zip(RELATIONS, cells[3:], strict=True):
                rows[*cells[:3], series] = due
    return rows


def cases() -> list[Case]:
    """Every row, once for each side that may lack what is missing."""
    return [
        Case(relations, lacking, due)
        for relations, due in documented().items()
        for lacking in (("other", "spect", "both") if "missing" in relations else ("nobody",))
    ]


def write_spect(case: Case, folder: Path) -> None:
    save(nm(**case.identifiers("spect")), folder / "spect.dcm")


def write_ct(case: Case, folder: Path, stored: Any = None) -> None:  # noqa: ANN401 - an array
    """Write a CT over the whole SPECT, in the folder of the SPECT: folders decide nothing."""
    stored = np.tile(letter_f(10), (1, 2, 2)) if stored is None else stored
    for number, data in enumerate(slices(CT, stored, **case.identifiers("other"))):
        save(data, folder / f"{number}.dcm")


def study_of(index: StudyIndex, modality: str) -> StudyFiles | None:
    """Return the study that holds a modality; there is never more than one."""
    found = [study for study in index.studies if study.by_modality(modality)]
    assert len(found) <= 1
    return found[0] if found else None


def codes(study: StudyFiles) -> set[str]:
    return {flag.code for flag in (*study.flags, *select(study).flags)}


def observed(index: StudyIndex) -> str:
    """Name the outcome in the words of the document."""
    spect, ct = study_of(index, "NM"), study_of(index, "CT")
    aside = {one.code for one in index.quarantined}
    if aside:
        assert aside == {"DICOM_UNREADABLE"}
        assert spect is None or ct is None
        assert spect is None or "NO_CT" in codes(spect)
        assert ct is None or "NO_EMISSION" in codes(ct)
        return "set aside"
    assert spect is not None
    assert ct is not None
    chosen = select(spect)
    if spect is not ct:
        assert chosen.emission is not None
        assert chosen.ct is None
        assert "NO_CT" in codes(spect)
        assert "NO_EMISSION" in codes(ct)
        return "two studies"
    if "PATIENT_MIXED" in codes(spect):
        assert chosen.emission is chosen.ct is None
        assert spect.subject_key == ""
        return "refused"
    assert chosen.emission is not None
    assert chosen.emission.modality == "NM"
    if chosen.ct is None:
        assert "NO_CT" in codes(spect)
        return "alone"
    assert chosen.ct.modality == "CT"
    assert len(chosen.ct.files) == 10
    return "paired, frame assumed" if "FOR_ASSUMED" in codes(spect) else "paired"


def require_told(case: Case, index: StudyIndex, other: str) -> None:
    """``UID_ASSUMED`` stands where a UID was stood in for, and nowhere else."""
    for study in index.studies:
        sides = [side for side, kind in (("spect", "NM"), ("other", other))
                 if study.by_modality(kind)]  # fmt: skip
        blank = any(case.is_blank(side) for side in sides)
        assert ("UID_ASSUMED" in codes(study)) == blank
        known = {case.identifiers(side)["PatientID"] for side in sides} - {None}
        assert (study.subject_key != "") == (len(known) == 1)


def test_the_document_holds_all_combinations() -> None:
    assert set(documented()) == set(product(RELATIONS, repeat=4))


@pytest.mark.parametrize("case", cases(), ids=str)
def test_spect_and_ct_go_together_as_documented(tmp_path: Path, case: Case) -> None:
    write_spect(case, tmp_path)
    write_ct(case, tmp_path)

    index = index_tree(tmp_path)

    assert observed(index) == case.due.rstrip("*")
    require_told(case, index, "CT")
    assert any("UID_ASSUMED" in codes(study) for study in index.studies) == case.due.endswith("*")


def write_regions(case: Case, folder: Path) -> None:
    """Write a structure set that names its frame where real ones do: with its regions only."""
    given = case.identifiers("other")
    frame = str(given.pop("FrameOfReferenceUID") or "")
    square = np.array([[-8, -18, 34], [-2, -18, 34], [-2, -8, 34], [-8, -8, 34]], dtype=float)
    data: Dataset = structure_set([Roi("tumour", [square], frame=frame)], [frame] if frame else [])
    save(changed(data, **given), folder / "regions.dcm")


@pytest.mark.parametrize("case", cases(), ids=str)
def test_regions_go_to_the_study_that_is_documented(tmp_path: Path, case: Case) -> None:
    """Whether they lie in the frame of the SPECT is found out when they are laid."""
    write_spect(case, tmp_path)
    write_regions(case, tmp_path)

    index = index_tree(tmp_path)

    spect, regions = study_of(index, "NM"), study_of(index, "RTSTRUCT")
    due = case.due.rstrip("*")
    if due == "set aside":
        assert spect is None or regions is None
        assert {one.code for one in index.quarantined} == {"DICOM_UNREADABLE"}
    else:
        assert index.quarantined == ()
        assert (spect is regions) == (due != "two studies")
    if due == "refused" and spect is not None:
        assert "PATIENT_MIXED" in codes(spect)
        assert select(spect).emission is None
    require_told(case, index, "RTSTRUCT")


def test_a_ct_without_a_frame_that_covers_less_than_half_is_not_paired(tmp_path: Path) -> None:
    case = Case(("agree", "agree", "missing", "differ"), "other", "alone")
    write_spect(case, tmp_path)
    write_ct(case, tmp_path, letter_f(3))
    assert observed(index_tree(tmp_path)) == "alone"


# Beyond two series


def blank(**more: object) -> dict[str, object]:
    return {"StudyInstanceUID": None, "SeriesInstanceUID": None, **more}


@pytest.mark.parametrize("person", ["SECRET-ID", None])
def test_a_blank_study_joins_nothing_where_two_studies_share_the_frame(
    tmp_path: Path, person: str | None
) -> None:
    """Two visits of one patient in one dummy frame: nothing tells to which the CT belongs."""
    for number in (1, 2):
        save(
            nm(StudyInstanceUID=f"1.2.{number}", SOPInstanceUID=f"1.2.{number}.9"),
            tmp_path / f"{number}.dcm",
        )
    for number, data in enumerate(slices(CT, **blank(PatientID=person))):
        save(data, tmp_path / f"ct{number}.dcm")
    kinds = [[one.modality for one in study.series] for study in index_tree(tmp_path).studies]
    assert sorted(kinds) == [["CT"], ["NM"], ["NM"]]


def test_a_blank_study_joins_that_of_its_own_person_among_several(tmp_path: Path) -> None:
    for person in ("a", "b"):
        save(
            nm(StudyInstanceUID=f"1.2.{ord(person)}", PatientID=person),
            tmp_path / f"{person}.dcm",
        )
    for number, data in enumerate(slices(CT, **blank(PatientID="b"))):
        save(data, tmp_path / f"ct{number}.dcm")
    studies = {one.study_uid: one for one in index_tree(tmp_path).studies}
    assert len(studies) == 2
    assert {one.modality for one in studies["1.2.98"].series} == {"CT", "NM"}


def test_two_persons_with_blank_studies_never_meet_in_a_nameless_one(tmp_path: Path) -> None:
    save(nm(PatientID=None), tmp_path / "nm.dcm")
    for person, number in (("a", 1), ("b", 2)):
        data = nm(letter_f() + number, **blank(PatientID=person, SOPInstanceUID=f"1.2.3.{number}"))
        save(data, tmp_path / f"{person}.dcm")
    studies = index_tree(tmp_path).studies
    assert len(studies) == 3
    assert not any("PATIENT_MIXED" in codes(study) for study in studies)


def test_nameless_files_with_blank_uids_form_the_study_of_their_frame(tmp_path: Path) -> None:
    save(nm(**blank(PatientID=None)), tmp_path / "nm.dcm")
    for number, data in enumerate(slices(CT, **blank(PatientID=None))):
        save(data, tmp_path / f"ct{number}.dcm")
    (study,) = index_tree(tmp_path).studies
    chosen = select(study)
    assert chosen.emission is not None
    assert chosen.ct is not None
    assert len(chosen.ct.files) == 5


def test_the_same_image_under_two_patients_is_a_mixed_study(tmp_path: Path) -> None:
    """One of the copies is a duplicate, but whose it is nobody can say."""
    save(nm(PatientID="a"), tmp_path / "a.dcm")
    save(nm(PatientID="b"), tmp_path / "b.dcm")
    index = index_tree(tmp_path)
    assert index.duplicates == 1
    assert "PATIENT_MIXED" in codes(index.studies[0])
    assert select(index.studies[0]).emission is None


def test_one_file_a_slice_nm_and_ct_under_one_series_uid_are_told_apart(tmp_path: Path) -> None:
    both: dict[str, object] = {"SeriesInstanceUID": "1.2.7"}
    for number, frame in enumerate(letter_f()):
        data = nm(
            frame[None],
            SOPInstanceUID=f"1.2.7.9.{number}",
            InstanceNumber=number + 1,
            position=(-10.0, -20.0, 30.0 + 4.0 * number),
            **both,
        )
        save(data, tmp_path / f"nm{number}.dcm")
    for number, data in enumerate(slices(CT, **both)):
        save(data, tmp_path / f"ct{number}.dcm")
    (study,) = index_tree(tmp_path).studies
    assert sorted((one.modality, len(one.files)) for one in study.series) == [("CT", 5), ("NM", 5)]
