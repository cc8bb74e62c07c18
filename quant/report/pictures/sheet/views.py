"""Pictures of the patient: fused cuts, CT cuts and projections, with outlines, marks and scale."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.domain.region import Role
from quant.report.pictures.sheet.canvas import PAPER, SOFT, TINT, Box, Canvas, Style
from quant.report.pictures.sheet.layout import Panel
from quant.report.pictures.sheet.planes import Plane, sample
from quant.report.pictures.sheet.projection import projected, upright
from quant.report.pictures.sheet.ramp import ramp
from quant.report.pictures.sheet.strokes import (
    Pen,
    Pixels,
    padded,
    stroke_circle,
    stroke_field,
    stroke_region,
    stroke_sphere,
)

if TYPE_CHECKING:
    from quant.domain.grid import Grid
    from quant.report.pictures.display.nifti import Stored
    from quant.report.pictures.sheet.scene import Scene

DARK = (10, 12, 16)
OUTSIDE = np.array([226, 230, 235], dtype=np.float32)
"""Where there are no voxels: seen to be empty on screen and in print."""

CYAN, MINT, WHITE, YELLOW = (86, 204, 255), (110, 240, 170), (255, 255, 255), (255, 226, 80)
BLUE, GREEN, PINK, BROWN = (0, 99, 168), (0, 112, 80), (186, 30, 110), (120, 92, 0)

ON_DARK: dict[str, Pen] = {
    Role.LIVER: Pen(CYAN, 1.4, DARK, dashed=True),
    Role.MUSCLE_LEFT: Pen(MINT, 1.4, DARK, dashed=True),
    Role.MUSCLE_RIGHT: Pen(MINT, 1.4, DARK, dashed=True),
    Role.VERTEBRA_L2: Pen(YELLOW, 1.8, DARK),
    Role.TUMOUR: Pen(WHITE, 2.0, DARK),
    Role.LESION: Pen(WHITE, 1.2, DARK, dashed=True),
}
SPHERES_ON_DARK: dict[str, Pen] = {
    Role.LIVER: Pen(CYAN, 2.4, DARK),
    Role.MUSCLE_LEFT: Pen(MINT, 2.4, DARK),
    Role.MUSCLE_RIGHT: Pen(MINT, 2.4, DARK),
}
ON_LIGHT: dict[str, Pen] = {
    Role.LIVER: Pen(BLUE, 2.2, PAPER),
    Role.MUSCLE_LEFT: Pen(GREEN, 2.2, PAPER),
    Role.MUSCLE_RIGHT: Pen(GREEN, 2.2, PAPER),
    Role.TUMOUR: Pen(PINK, 2.2, PAPER),
    Role.LESION: Pen(PINK, 1.4, PAPER, dashed=True),
}
"""The reference spheres and tumours on a projection, which is dark on white."""

OPAQUE_FROM = 0.45
"""From this part of the window upwards the emission covers the CT as much as it ever does."""

SHADES = 255
MOST_COVER = 0.88
CT_BRIGHTNESS = 0.80
GAMMA = 0.8
"""Of the projections: faint uptake is lifted a little."""

THIN = 1.3
"""Width of spheres that are not the subject of their row, pixels."""

NICE_MM = (1, 2, 5, 10, 20, 50, 100, 200, 500)


def box_size(box: Box) -> tuple[int, int]:
    """Return (rows, columns) of a box."""
    return box[3] - box[1], box[2] - box[0]


def fused_pixels(scene: "Scene", plane: Plane, top: float) -> Pixels:
    """Lay the emission, in colour from 0 to ``top``, over the CT in grey.

    Parameters
    ----------
    scene : Scene
        With an emission volume.
    plane : Plane
    top : float
        Value at the bright end of the ramp, in the study's unit.
    """
    emission = scene.copies.emission
    if emission is None:
        return np.full((*plane.shape, 3), OUTSIDE)
    stored, inside = sample(emission.grid, emission.values, plane)
    scale = SHADES / (top or 1.0)
    stored *= np.float32(emission.slope * scale)
    stored += np.float32(emission.intercept * scale)
    shade = np.clip(stored, 0.0, SHADES).astype(np.uint8)
    if scene.copies.ct is None:
        pixels = ramp()[shade]
    else:
        rise = np.minimum(np.arange(SHADES + 1) / SHADES / OPAQUE_FROM, 1.0)
        cover = (MOST_COVER * rise * rise * (3.0 - 2.0 * rise)).astype(np.float32)
        grey = CT_BRIGHTNESS * ct_grey(scene.copies.ct, plane) * (1.0 - cover)[shade]
        pixels = (ramp() * cover[:, None])[shade]
        pixels += grey[..., None]
    pixels[~inside] = OUTSIDE
    return pixels


def ct_grey(ct: "Stored", plane: Plane) -> NDArray[np.float32]:
    """(R, C) float32: the CT's display numbers, 0 to 255; black where there is no CT."""
    grey, inside = sample(ct.grid, ct.values, plane)
    grey[~inside] = 0.0
    return grey


def fused_panel(
    canvas: Canvas, name: str, box: Box, cut: tuple["Scene", Plane, float], subject: Role
) -> Panel:
    """Draw a fused cut with the outlines of tumours, spheres and organs.

    The sphere of the row (``subject``) stands out; the others are thinner.
    """
    scene, plane, top = cut
    pixels = fused_pixels(scene, plane, top)
    organs = (Role.LIVER, Role.MUSCLE_LEFT, Role.MUSCLE_RIGHT)
    outline(pixels, plane, scene, organs, subject)
    return finish(canvas, Panel(name, box, plane), pixels)


def ct_panel(canvas: Canvas, name: str, box: Box, cut: tuple["Scene", Plane, float]) -> Panel:
    """Draw a CT cut with the outlines of L2, liver, muscles, tumours and spheres."""
    scene, plane, _ = cut
    if scene.copies.ct is None:
        return empty_panel(canvas, name, box, scene.why_no("ct"))
    grey, inside = sample(scene.copies.ct.grid, scene.copies.ct.values, plane)
    pixels = np.repeat(grey[..., None], 3, axis=2)
    pixels[~inside] = OUTSIDE
    organs = (Role.LIVER, Role.MUSCLE_LEFT, Role.MUSCLE_RIGHT, Role.VERTEBRA_L2)
    outline(pixels, plane, scene, organs)
    return finish(canvas, Panel(name, box, plane), pixels)


def outline(
    pixels: Pixels, plane: Plane, scene: "Scene", organs: tuple[Role, ...],
    subject: Role | None = None,
) -> None:  # fmt: skip
    """Draw every outline that a plane cuts: organs below, tumours, spheres on top."""
    for role in organs:
        for region in scene.regions(role):
            stroke_region(pixels, plane, region, ON_DARK[role])
    for region in scene.lesions:
        stroke_region(pixels, plane, region, ON_DARK[Role.LESION])
    if scene.tumour is not None:
        stroke_region(pixels, plane, scene.tumour, ON_DARK[Role.TUMOUR])
    for sphere in scene.record.spheres:
        pen = SPHERES_ON_DARK[sphere.role]
        if subject not in (None, sphere.role):
            pen = replace(pen, width=THIN)
        stroke_sphere(pixels, plane, sphere, pen)


def projection_panels(canvas: Canvas, cuts: dict[str, tuple[Box, Plane]], scene: "Scene"
                      ) -> list[Panel]:  # fmt: skip
    """Draw maximum projections, dark on white, with the outlines of tumours and spheres.

    Parameters
    ----------
    canvas : Canvas
    cuts : dict of str to (Box, Plane)
        By name: coronal planes look from the front, sagittal ones from the patient's left.
    scene : Scene
    """
    emission = scene.copies.emission
    if emission is None:
        why = scene.why_no("emission")
        return [empty_panel(canvas, name, box, why) for name, (box, _) in cuts.items()]
    grid, values = upright(emission.grid, emission.values)
    panels = []
    for name, (box, plane) in cuts.items():
        axis = int(np.abs(plane.normal).argmax())
        flat_grid, flat = projected(grid, values, axis)
        stored, inside = sample(flat_grid, flat, _onto(plane, flat_grid))
        part = (stored * emission.slope + emission.intercept) / (emission.window[1] or 1.0)
        grey = 255.0 * (1.0 - np.clip(part, 0.0, 1.0) ** GAMMA)
        pixels = np.repeat(grey[..., None], 3, axis=2).astype(np.float32)
        pixels[~inside] = OUTSIDE
        _outline_projection(pixels, plane, scene, axis)
        panels.append(finish(canvas, Panel(name, box, plane), pixels, on_light=True))
    return panels


def _onto(plane: Plane, grid: "Grid") -> Plane:
    """Return the plane moved along its normal to the middle of a one voxel thick grid."""
    corners = grid.corners_mm()
    depth = float(((corners - plane.origin_mm) @ plane.normal).mean())
    return replace(plane, origin_mm=plane.origin_mm + depth * plane.normal)


def _outline_projection(pixels: Pixels, plane: Plane, scene: "Scene", axis: int) -> None:
    tumours = [*((one, Role.LESION) for one in scene.lesions)]
    if scene.tumour is not None:
        tumours.append((scene.tumour, Role.TUMOUR))
    for region, role in tumours:
        grid, weights = upright(*padded(region))
        flat_grid, flat = projected(grid, weights, axis)
        stroke_field(
            pixels, _onto(plane, flat_grid), flat_grid, flat.astype(np.float32), ON_LIGHT[role]
        )
    for sphere in scene.record.spheres:
        radius = sphere.radius_mm / plane.mm
        stroke_circle(pixels, plane.pixel(sphere.centre_mm), radius, ON_LIGHT[sphere.role])


def finish(canvas: Canvas, panel: Panel, pixels: Pixels, *, on_light: bool = False) -> Panel:
    """Paste the pixels; write the letters of the patient's sides and the scale bar."""
    left, top = panel.box[:2]
    rows, columns = box_size(panel.box)
    canvas.pixels((left, top), pixels)
    plane = panel.plane
    if plane is None:
        return panel
    ink, rim = ((40, 48, 58), PAPER) if on_light else (WHITE, DARK)
    style = Style(15, ink, "Bold", rim)
    places = {
        "left": (12, rows / 2), "right": (columns - 12, rows / 2),
        "top": (columns / 2, 12), "bottom": (columns / 2, rows - 12),
    }  # fmt: skip
    letters = {}
    for side, letter in plane.letters().items():
        x, y = left + places[side][0], top + places[side][1]
        canvas.text((x, y), letter, style, "mm")
        letters[side] = (letter, (x, y))
    _scale_bar(canvas, panel.box, plane.mm, (ink, rim))
    canvas.rectangle(panel.box, line=(150, 158, 168) if on_light else DARK)
    return replace(panel, letters=letters)


def _scale_bar(canvas: Canvas, box: Box, mm: float, inks: tuple[tuple[int, int, int], ...]) -> None:
    """Draw a bar of a round length in the lower left corner."""
    ink, rim = inks
    length = max((one for one in NICE_MM if one / mm <= 0.34 * (box[2] - box[0])), default=1)
    x, y, wide = box[0] + 10, box[3] - 10, round(length / mm)
    canvas.rectangle((x - 1, y - 4, x + wide + 1, y + 1), fill=rim)
    canvas.rectangle((x, y - 3, x + wide, y), fill=ink)
    canvas.text((x, y - 7), f"{length} mm", Style(13, ink, "", rim), "ls")


def empty_panel(canvas: Canvas, name: str, box: Box, why: str) -> Panel:
    """Draw a panel that says why it is empty."""
    canvas.rectangle(box, fill=TINT, line=(214, 219, 226))
    lines = canvas.wrapped(why, box[2] - box[0] - 24, 4, Style(15, SOFT))
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2 - 10 * (len(lines) - 1)
    for n, line in enumerate(lines):
        canvas.text((x, y + 20 * n), line, Style(15, SOFT), "mm")
    return Panel(name, box, empty=why)


def colour_bar(canvas: Canvas, box: Box, top: float, unit: str) -> None:
    """Draw the ramp from 0 to ``top``, upwards, with its numbers and unit at the right."""
    height, width = box_size(box)
    shades = ramp()[np.linspace(255, 0, height).round().astype(np.intp)]
    canvas.pixels(box[:2], np.repeat(shades[:, None], width, axis=1))
    canvas.rectangle(box, line=DARK)
    style = Style(14, SOFT)
    for part in ticks(top):
        y = box[3] - 1 - round(part / top * (height - 1))
        canvas.rule(box[2], box[2] + 4, y, SOFT)
        middle = min(max(y, box[1] + 6), box[3] - 6)
        canvas.text((box[2] + 7, middle), tick_text(part, top), style, "lm")
    canvas.text((box[0], box[1] - 7), unit, style, "ls")


def tick_text(value: float, top: float) -> str:
    """Return the number at a tick, as in the tables; with an exponent only on huge scales."""
    if not 1e4 <= abs(top) < 1e7:
        return f"{value:g}"
    return f"{value:,.0f}"


def ticks(top: float, most: int = 5, low: float = 0.0) -> list[float]:
    """Return round numbers from ``low`` up to ``top``."""
    if not top > low:
        return [low]
    rough = (top - low) / most
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(power * n for n in (1.0, 2.0, 2.5, 5.0, 10.0) if power * n >= rough * 0.999)
    first = np.ceil(low / step - 1e-9)
    count = int(np.floor(top / step + 1e-9) - first) + 1
    return [float(f"{(first + n) * step:.12g}") for n in range(count)]
