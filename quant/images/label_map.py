"""What the reader of every label format returns."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class LabelMap:
    """A label file as read, before it is split.

    Parameters
    ----------
    values : (K, J, I) number array
        Labels, or a map of fractions.
    affine : (4, 4) float64
        Maps ``(k, j, i, 1)`` to LPS mm.
    names : dict of int to str
        Names by label value, as far as the file or its companion gives any.
    source : str
        ``NIfTI``, ``NRRD``, ``seg.nrrd`` or ``MHA``.
    """

    values: "NDArray[np.generic]"
    affine: "NDArray[np.float64]"
    names: dict[int, str]
    source: str
