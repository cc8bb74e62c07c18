"""The floor of asphericity: a sphere has no first axis."""

from itertools import permutations

import pytest

from quant.measure.shape.surface import asphericity_floor


@pytest.mark.parametrize("voxels", [1, 20, 700])
def test_the_floor_does_not_know_which_axis_is_which(voxels: int) -> None:
    floors = {asphericity_floor(voxels, (a, b, c)) for a, b, c in permutations((3.0, 4.8, 1.7))}

    assert len(floors) == 1
