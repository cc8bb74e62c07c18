"""Soft tissue in the modified Curie and beside SIOPEN: by number, and by extent where known."""

import numpy as np

from quant.scoring.readings.segments import Segment, System
from quant.scoring.spatial.apart import Pairs, count_apart
from quant.scoring.spatial.foci import common_box
from quant.scoring.spatial.rules import HALF
from quant.scoring.spatial.scene import Members, Scene

CAVITIES = ("thoracic_cavity", "abdominal_cavity")
"""Names of the regions that stand for chest and abdomen."""


def soft_fraction(scene: Scene, members: Members) -> float:
    """Return the part of chest or of abdomen that soft tissue lesions take; 0 where unknown."""
    fractions = [0.0]
    for cavity in scene.skeleton.cavities.values():
        union = np.zeros(cavity.weights.shape, dtype=np.float32)
        for n in members:
            boxes = common_box(scene.foci[n].region, cavity)
            if boxes is not None:
                mine, its = boxes
                np.maximum(union[its], scene.foci[n].region.weights[mine], out=union[its])
        taken = np.minimum(union, cavity.weights).sum(dtype=np.float64)
        fractions.append(float(taken / cavity.weights.sum(dtype=np.float64)))
    return max(fractions)


def soft_level(scene: Scene, segment: Segment, members: Members, pairs: Pairs, *, lean: int) -> int:
    """Level of soft tissue: Curie by number or extent, SIOPEN whether there is any."""
    foci = count_apart(members, pairs)
    if segment.system is System.SIOPEN:
        return min(foci, 1)
    half = HALF - lean * scene.rules.half_margin
    return 3 if foci and soft_fraction(scene, members) > half else min(foci, 2)
