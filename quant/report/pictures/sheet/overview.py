"""The body at a glance: two maximum projections, and the CT with L2 and liver."""

from typing import TYPE_CHECKING

import numpy as np

from quant.domain.region import Role
from quant.report.pictures.sheet.canvas import FINE, LABEL, Canvas
from quant.report.pictures.sheet.layout import GAP, PICTURES_TOP, RIGHT, Panel
from quant.report.pictures.sheet.planes import plane_at
from quant.report.pictures.sheet.views import box_size, ct_panel, projection_panels

if TYPE_CHECKING:
    from quant.report.pictures.sheet.scene import Scene

OVERVIEW_PAIR = 422
"""Width of a coronal and a sagittal picture together."""

LEAST_TALL, MOST_TALL = 200, 396
BODY_MARGIN_MM, FINEST_MM = 8.0, 0.4
MIP_TITLES = ("Maximum, anterior", "Maximum, left")
LEGEND = (
    "Solid: tumour, spheres, L2 (CT). Dashed: liver, muscles, other lesions. "
    "Projections: the hottest 0.2 % of voxels are black."
)


def draw_overview(canvas: Canvas, scene: "Scene") -> tuple[list[Panel], int]:
    """Draw two projections and two cuts of the CT, at one scale and height; say where they end."""
    low, high = scene.body_mm
    wide, deep = (high - low)[:2] + BODY_MARGIN_MM
    share = float(np.clip(wide / (wide + deep), 0.5, 0.64))
    widths = [round(share * OVERVIEW_PAIR), OVERVIEW_PAIR - round(share * OVERVIEW_PAIR)]
    bottom, top = scene.extent_mm
    mm = max(wide / widths[0], deep / widths[1], (top - bottom) / MOST_TALL, FINEST_MM)
    tall = int(np.clip(np.ceil((top - bottom) / mm), LEAST_TALL, MOST_TALL))
    centre, y = scene.level_mm, PICTURES_TOP + 8
    lefts = np.cumsum([RIGHT, widths[0] + GAP, widths[1] + GAP, widths[0] + GAP]).tolist()
    boxes = [(x, y, x + w, y + tall) for x, w in zip(lefts, widths * 2, strict=True)]
    names = ("mip_anterior", "mip_lateral", "ct_coronal", "ct_sagittal")
    middle = np.append(scene.middle_mm[:2], (bottom + top) / 2.0)
    cuts = {}
    for name, title, box in zip(names, (*MIP_TITLES, *_ct_titles(scene)), boxes, strict=True):
        canvas.text((box[0], y - 8), canvas.fitted(title, box[2] - box[0], LABEL), LABEL)
        view = "coronal" if name in ("mip_anterior", "ct_coronal") else "sagittal"
        at = middle.copy()
        at[1 if view == "coronal" else 0] = centre[1 if view == "coronal" else 0]
        cuts[name] = (box, plane_at(view, at, mm, box_size(box)))
    panels = projection_panels(canvas, {name: cuts[name] for name in names[:2]}, scene)
    for name in names[2:]:
        box, plane = cuts[name]
        panels.append(ct_panel(canvas, name, box, (scene, plane, 0.0)))
    for n, line in enumerate(canvas.wrapped(LEGEND, OVERVIEW_PAIR * 2, 2, FINE)):
        canvas.text((RIGHT, y + tall + 19 + 17 * n), line, FINE)
    return panels, y + tall + 40


def _ct_titles(scene: "Scene") -> tuple[str, str]:
    through = " at the liver sphere" if scene.sphere(Role.LIVER) else ""
    through = " at L2" if scene.regions(Role.VERTEBRA_L2) else through
    return f"CT, coronal{through}", f"CT, sagittal{through}"
