"""The page of the reader holds every code, names tests that exist, and is what its rows say."""

import pytest

from docs.reading import ROOT, Row, Trial, as_markdown, exists, rows, trials
from quant.domain.codes.calibration import CALIBRATION
from quant.domain.codes.reading import READING, SELECTION
from quant.domain.codes.regions import REGIONS
from quant.domain.flags import CODES, Severity

PROMISED = """
FILE_SKIPPED TRUNCATED NO_PREAMBLE NON_VOLUME ZIP_LIMIT DUPLICATE DUP_CONFLICT NM_NOT_RECON
NM_TYPE_GUESSED NM_SBS_NEGATIVE NM_SPACING_GUESSED NM_THICKNESS_DIFF NM_GEOM_TOPLEVEL NO_POSITION
BAD_IOP NM_VECTOR_ODD NM_MULTI NM_FLIP_SUSPECT NM_SINGLEFRAME NM_UNCALIBRATED RWVM_BAD DOSE_UNIT
SUV_INPUT_MISSING TIME_IMPLAUSIBLE PET_REFTIME PET_NOT_CORRECTED PET_INTERCEPT CT_GAP CT_NONUNIFORM
CT_TILT SERIES_MIXED DECODE ROI_FOR_MISMATCH FOR_ASSUMED ROI_CLIPPED ROI_SMALL ROI_PLANE ROI_EMPTY
PAIR_AMBIGUOUS
"""
"""Codes that the reader was designed with; scripts elsewhere look for these names."""


def named(row: Row) -> str:
    return row.situation


def numbered(case: Trial) -> str:
    return case.numbers


@pytest.mark.parametrize("row", rows(), ids=named)
def test_a_row_has_registered_codes_and_tests_of_the_tree(row: Row) -> None:
    assert not [code for code in row.codes if code not in CODES]
    assert set(row.refused) <= set(row.codes)
    assert not [code for code in row.refused if CODES[code].severity is Severity.ERROR]
    assert row.tests
    assert not [test for test in row.tests if not exists(test)]
    files = [(ROOT / test.partition("::")[0]).read_text(encoding="utf-8") for test in row.tests]
    assert not [code for code in row.codes if not any(code in text for text in files)]


@pytest.mark.parametrize("case", trials(), ids=numbered)
def test_a_test_case_has_tests_of_the_tree(case: Trial) -> None:
    assert case.tests
    assert not [test for test in case.tests if not exists(test)]


def test_every_promised_code_is_registered_and_has_a_row() -> None:
    assert sorted(set(PROMISED.split()) - {code for row in rows() for code in row.codes}) == []


def test_every_code_of_reading_choice_calibration_and_regions_has_a_row() -> None:
    registered = {*READING, *SELECTION, *CALIBRATION, *REGIONS}

    assert sorted(registered - {code for row in rows() for code in row.codes}) == []


def test_the_cases_are_numbered_1_to_44_without_a_gap() -> None:
    numbers: list[int] = []
    for case in trials():
        first, _, last = case.numbers.partition(" to ")
        numbers += range(int(first), int(last or first) + 1)

    assert numbers == list(range(1, 45))


def test_a_test_that_is_not_there_is_noticed() -> None:
    here = "tests/report/test_reading_page.py"

    assert exists(f"{here}::test_a_test_that_is_not_there_is_noticed")
    assert not exists(f"{here}::test_of_something_else")
    assert not exists(f"{here}::rows")
    assert not exists("tests/report/test_nothing.py::test_it")


def test_the_page_is_what_the_rows_say() -> None:
    page = ROOT / "docs" / "reading.md"

    assert page.read_text(encoding="utf-8") == as_markdown()
