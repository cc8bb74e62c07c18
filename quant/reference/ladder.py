"""The search for a sphere's place, and what gives way when an organ does not hold it.

Distances to tumour, lesions and excluded regions, the side, the level of L2, the screen for foci
and the volume's faces never give way. The steps, each with its flag:

1. all rules, full size;
2. the distance to the organ's edge is waived (``SPHERE_EDGE_RELAXED``);
3. liver: only the centre must lie in the right lobe (``SPHERE_LOBE_RELAXED``);
4. the position with the greatest fraction inside the organ, first with the whole sphere in the
   right lobe, then with its centre (``SPHERE_NOT_INSIDE``);
5. no sphere (``SPHERE_NO_POSITION``).

Where the protocol allows an adaptive radius, purity goes before size: after step 1 the largest
sphere is sought that keeps all rules, then one without the edge distance, then one with only its
centre in the lobe (``SPHERE_ADAPTIVE``; full size is tried first each time); step 4 is not taken.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.domain.flags import Flag
from quant.domain.region import INSIDE_WEIGHT, Role
from quant.domain.sphere import SphereSource
from quant.reference.boxes import as_index
from quant.reference.criteria import Positions, chosen
from quant.reference.refine import Limits, Refined, Refinement
from quant.reference.screen import focus_distance, focus_threshold
from quant.reference.stencil import radius_of, sphere_stencil
from quant.reference.sweep import Sweep, fractions_inside, swept

if TYPE_CHECKING:
    from quant.domain.protocol import SphereSettings
    from quant.reference.organ import Organ

SLACK_MM = 1e-6
"""Rounding allowed when a distance is compared with a limit."""

SAME_FRACTION = 1e-3
"""Fractions inside that differ by less are the same."""

HALVINGS = 10
"""Bisections of an adaptive radius: to a thousandth of the range."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the ladder: which rules hold."""

    edge_mm: float
    whole_in_lobe: bool
    flags: tuple[Flag, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A place, all admissible positions, and what gave way.

    ``at`` is the index of the chosen one among ``sweep``; ``place`` the centre itself, there or
    elsewhere in that voxel, with its values and its distance to the nearest wall.
    """

    sweep: Sweep
    at: int
    place: Refined
    radius_mm: float
    source: SphereSource
    flags: tuple[Flag, ...]


@dataclass(slots=True)
class Search:
    """One organ, one volume, one set of settings, and what was seen on the way.

    ``threshold`` is the value above which a voxel is a focus, ``focus_mm`` how far the nearest one
    is from every voxel of the organ's box; a sphere is touched from ``touching_mm`` beyond its
    radius on. ``positions`` and ``best_inside`` say how many centres were tried at full size and
    what fraction of the best one was inside; ``screened`` how many positions the screen for foci
    took at most.
    """

    organ: "Organ"
    values: NDArray[np.float32]
    settings: "SphereSettings"
    radius_mm: float = field(init=False)
    threshold: float = field(init=False)
    touching_mm: float = field(init=False)
    focus_mm: NDArray[np.float64] = field(init=False)
    positions: int = 0
    screened: int = 0
    best_inside: float = 0.0

    def __post_init__(self) -> None:
        """Find the full radius and what counts as a focus."""
        self.radius_mm = radius_of(self.settings.volume_ml)
        core = self.organ.core_values(self.values, self.settings.edge_distance_mm)
        self.threshold = focus_threshold(
            core, self.settings.focus_sigma, self.settings.focus_contrast
        )
        self.touching_mm = 0.5 * float(np.linalg.norm(self.organ.grid.spacing_mm))
        box = (self.organ.corner, as_index(self.organ.weights.shape))
        reach = self.radius_mm + self.touching_mm
        self.focus_mm = focus_distance(self.organ.grid, self.values, box, self.threshold, reach)

    def climb(self) -> Found | None:
        """Take the first step of the ladder that gives a position; None when none does."""
        found = next((one for one in self._steps() if one is not None), None)
        if found is None or self.screened == 0:
            return found
        detail = f"{self.organ.role}: up to {self.screened} positions left out"
        return replace(found, flags=(*found.flags, Flag("FOCI_SCREENED", detail)))

    def keeping_all_rules(self) -> Found | None:
        """Search at full size under all rules only."""
        return self._full(next(self._rungs()))

    def why_not(self) -> Flag:
        """Say, after a climb without success, what was missing."""
        parts = [f"greatest fraction inside the organ {self.best_inside:.3f}"]
        if self.positions == 0:
            parts = ["no centre lies in the organ and volume at the set distances, lobe and level"]
        if self.settings.adaptive:
            parts.append(f"nor does a sphere of {self.settings.least_volume_ml:g} ml fit")
        if self.screened:
            parts.append(f"up to {self.screened} positions screened out for foci")
        return Flag("SPHERE_NO_POSITION", f"{self.organ.role}: " + "; ".join(parts))

    def _steps(self) -> Iterator[Found | None]:
        rungs = list(self._rungs())
        yield self._full(rungs[0])
        if self.settings.adaptive:
            yield self._shrunk(rungs[0])
        for rung in rungs[1:]:
            yield self._full(rung)
            if self.settings.adaptive:
                yield self._shrunk(rung)
        if not self.settings.adaptive:
            for rung in rungs:
                if rung.edge_mm == 0.0:
                    yield self._partial(rung)

    def _rungs(self) -> Iterator[Rung]:
        edge = self.settings.edge_distance_mm
        flags: tuple[Flag, ...] = ()
        yield Rung(edge, whole_in_lobe=True, flags=flags)
        if edge > 0.0:
            flags = (Flag("SPHERE_EDGE_RELAXED", f"{self.organ.role}: {edge:g} mm waived"),)
            yield Rung(0.0, whole_in_lobe=True, flags=flags)
        if self.organ.role is Role.LIVER:
            detail = "the centre lies in the right lobe, the whole sphere does not"
            flags = (*flags, Flag("SPHERE_LOBE_RELAXED", detail))
            yield Rung(0.0, whole_in_lobe=False, flags=flags)

    def _swept(self, rung: Rung, radius: float, least: float) -> Sweep:
        """Sweep the sphere over all centres that keep a rung's distances and are inside enough."""
        organ = self.organ
        lobe = radius if rung.whole_in_lobe else 0.0
        centres = (organ.weights >= INSIDE_WEIGHT) & organ.level
        centres &= organ.border_mm >= radius - SLACK_MM
        centres &= organ.margin_mm >= radius - SLACK_MM
        centres &= organ.lobe_mm >= lobe - SLACK_MM
        if rung.edge_mm > 0.0:
            centres &= organ.edge_mm >= radius + rung.edge_mm - SLACK_MM
        stencil = sphere_stencil(organ.grid.axes_mm, radius)
        inside = fractions_inside((organ.corner, organ.weights), (organ.corner, centres), stencil)
        if radius == self.radius_mm:
            self.positions += inside.size
            self.best_inside = max(self.best_inside, float(inside.max(initial=0.0)))
        enough = inside >= least - SLACK_MM
        centres[centres] = enough
        sweep = swept(self.values, None, (organ.corner, centres), stencil)
        return self._clean(replace(sweep, inside=inside[enough]), radius)

    def _clean(self, sweep: Sweep, radius: float) -> Sweep:
        """Keep the positions that no focus touches."""
        k, j, i = (sweep.indices - np.array(self.organ.corner)).T
        clean = self.focus_mm[k, j, i] >= radius + self.touching_mm
        self.screened = max(self.screened, int(clean.size - np.count_nonzero(clean)))
        return sweep.only(clean)

    def _full(self, rung: Rung) -> Found | None:
        kept = self._swept(rung, self.radius_mm, self.settings.inside_fraction)
        return self._found(kept, rung, self.radius_mm)

    def _partial(self, rung: Rung) -> Found | None:
        """Take the greatest fraction inside, the whole organ's rules for distances kept."""
        kept = self._swept(rung, self.radius_mm, self.settings.least_inside_fraction)
        found = self._found(kept, rung, self.radius_mm, SAME_FRACTION)
        if found is None:
            return None
        inside = float(found.place.sweep.inside[0])
        if inside >= self.settings.inside_fraction - SLACK_MM:  # between voxel centres it fits
            return found
        detail = f"{self.organ.role}: {inside:.3f} of the sphere is inside"
        return replace(found, flags=(*found.flags, Flag("SPHERE_NOT_INSIDE", detail)))

    def _shrunk(self, rung: Rung) -> Found | None:
        """Find the largest radius for which a rung gives a position, by bisection."""
        settings = self.settings

        def fitting(radius: float) -> Sweep:
            return self._swept(rung, radius, settings.inside_fraction)

        low, high = radius_of(settings.least_volume_ml), self.radius_mm
        if low >= high or (best := fitting(low)).size == 0:
            return None
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            tried = fitting(middle)
            if tried.size:
                low, best = middle, tried
            else:
                high = middle
        found = self._found(best, rung, low)
        if found is None:
            return None
        volume = settings.volume_ml * (low / self.radius_mm) ** 3
        detail = f"{self.organ.role}: {volume:.2f} ml instead of {settings.volume_ml:g} ml"
        flags = (*found.flags, Flag("SPHERE_ADAPTIVE", detail))
        return replace(found, source=SphereSource.ADAPTIVE, flags=flags)

    def _found(
        self, sweep: Sweep, rung: Rung, radius: float, same_fraction: float = np.inf
    ) -> Found | None:
        """Choose among what is left, of those whose fraction inside is (about) the greatest."""
        if sweep.size == 0:
            return None
        organ = self.organ
        k, j, i = (sweep.indices - np.array(organ.corner)).T
        depths = organ.depth_mm[k, j, i]
        positions = Positions(
            organ.grid.to_mm(sweep.indices),
            depths,
            sweep.means,
            sweep.sds,
            organ.centroid_mm,
            organ.grid.spacing_mm,
        )
        most_inside = sweep.inside >= sweep.inside.max() - same_fraction
        at = chosen(positions, self.settings.criterion, most_inside)
        voxel = np.arange(sweep.size) == at
        place = Refined(sweep.indices[at].astype(np.float64), float(depths[at]), sweep.only(voxel))
        if self.settings.refine:
            deepest = int(np.where(most_inside, depths, -np.inf).argmax())
            place = self._refined(sweep, (at, deepest), rung, radius)
        return Found(sweep, at, place, radius, SphereSource.PLACED, rung.flags)

    def _refined(
        self, sweep: Sweep, chosen_deepest: tuple[int, int], rung: Rung, radius: float
    ) -> Refined:
        at, deepest = chosen_deepest
        inside = min(float(sweep.inside[at]), self.settings.inside_fraction) - SLACK_MM
        limits = Limits(radius, rung.edge_mm, radius if rung.whole_in_lobe else 0.0, inside)
        focus = self.threshold, radius + self.touching_mm
        mean = abs(float(sweep.means[at]))
        search = Refinement(self.organ, self.values, self.settings, limits, focus)
        return search.refine(
            as_index(sweep.indices[at]),
            as_index(sweep.indices[deepest]),
            float(sweep.sds[at]) / mean if mean > 0.0 else np.inf,
        )
