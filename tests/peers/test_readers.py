"""Where public readers get a case wrong: our answer against the truth, and theirs on record.

A peer may be mended one day, so each of its answers may be the truth, the wrong one that was seen,
or a refusal; anything else means that what we say about it is wrong.
``benchmarks/reading_peers.py`` prints the whole table.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.support.peer_cases import CASES, CONTROLS, Case
from tests.support.peers import PEERS, Absent, Picture, Refused, ours

INSTALLED = ("SimpleITK", "highdicom", "pydicom")
"""Peers that the tests may rely on; the converters are only used by the benchmark."""

CENTROID: Callable[[Picture], tuple[float, ...]] = Picture.centroid_mm


def named(case: Case) -> str:
    return case.name


@pytest.mark.parametrize("case", [*CONTROLS, *CASES], ids=named)
def test_our_answer_is_the_truth_or_a_refusal_by_name(case: Case, tmp_path: Path) -> None:
    case.build(tmp_path / "files")

    if case.truth is None:
        with pytest.raises(Refused, match=case.code):
            ours(tmp_path / "files")
    else:
        assert case.off(case.best(ours(tmp_path / "files"))) <= case.tolerance


@pytest.mark.parametrize("case", CONTROLS, ids=named)
@pytest.mark.parametrize("peer", INSTALLED)
def test_peers_answer_plain_files_rightly_so_the_questions_are_fair(
    case: Case, peer: str, tmp_path: Path
) -> None:
    case.build(tmp_path / "files")

    try:
        answer = case.best(PEERS[peer](tmp_path / "files"))
    except Refused:
        assert (peer, case.name) == ("highdicom", "plain NM reconstruction")
    except Absent:
        assert peer == "pydicom"
        assert case.ask is CENTROID
    else:
        assert case.off(answer) <= case.tolerance


@pytest.mark.parametrize("case", CASES, ids=named)
@pytest.mark.parametrize("peer", INSTALLED)
def test_a_peer_answers_as_recorded_unless_it_was_mended(
    case: Case, peer: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    case.build(tmp_path / "files")
    known = (case.wrong or {}).get(peer)

    try:
        answer = case.best(PEERS[peer](tmp_path / "files"))
    except (Refused, Absent) as error:
        record_property(peer, f"refuses: {error}")
        return

    record_property(peer, answer)
    right = case.truth is not None and case.off(answer) <= case.tolerance
    as_seen = known is not None and len(known) == len(answer)
    as_seen = as_seen and bool(np.allclose(answer, known or 0.0, atol=0.01))
    assert right or as_seen, f"{peer} answers {answer}: neither the truth nor what was seen before"


def test_a_misplaced_volume_is_seen_as_wrong() -> None:
    """The measure itself: a slice spacing of 1 instead of 4 mm moves slice 3 by 9 mm."""
    values = np.zeros((5, 7, 6))
    values[3, 4, 2] = 1000.0
    affine = np.eye(4)[:, [2, 1, 0, 3]] @ np.diag([1.0, 3.0, 2.0, 1.0])
    affine[:3, 3] = (-10.0, -20.0, 30.0)
    case = CONTROLS[0]

    assert case.off(Picture(values, affine).centroid_mm()) == pytest.approx(9.0)


def test_a_volume_of_zeros_has_no_hot_voxel() -> None:
    with pytest.raises(Refused, match="zeros"):
        Picture(np.zeros((2, 2, 2)), np.eye(4)).centroid_mm()
