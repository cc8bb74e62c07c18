"""The colour ramp of the sheet: dark violet over red and orange to pale yellow.

Made here in Oklab from a few points: its lightness only rises, and equal steps of the value are
equal steps of colour. So it is read in order by any eye, and printed in grey.

References
----------
Ottosson: A perceptual color space for image processing (2020),
https://bottosson.github.io/posts/oklab/.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STEPS = 256

_LIGHTNESS = (0.06, 0.28, 0.46, 0.63, 0.80, 0.97)
_CHROMA = (0.02, 0.12, 0.17, 0.19, 0.155, 0.05)
_HUE = (292.0, 304.0, 350.0, 395.0, 430.0, 465.0)
"""Points of the ramp: lightness, chroma, and hue in degrees (beyond 360: on past red)."""

_FINE = 2048

_TO_CONES = np.array(
    [[1.0, 0.3963377774, 0.2158037573],
     [1.0, -0.1055613458, -0.0638541728],
     [1.0, -0.0894841775, -1.2914855480]]
)  # fmt: skip
_TO_RGB = np.array(
    [[4.0767416621, -3.3077115913, 0.2309699292],
     [-1.2684380046, 2.6097574011, -0.3413193965],
     [-0.0041960863, -0.7034186147, 1.7076147010]]
)  # fmt: skip


def oklab_to_rgb(lab: Floats) -> Floats:
    """Map (..., 3) Oklab colours to sRGB, 0 to 1; colours that no screen shows leave that range."""
    linear = (lab @ _TO_CONES.T) ** 3 @ _TO_RGB.T
    small = 12.92 * linear
    large = 1.055 * np.maximum(linear, 0.0031308) ** (1.0 / 2.4) - 0.055
    rgb: Floats = np.where(linear <= 0.0031308, small, large)
    return rgb


def rgb_to_oklab(rgb: Floats) -> Floats:
    """Map (..., 3) sRGB colours, 0 to 1, to Oklab: lightness, green to red, blue to yellow."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    lab: Floats = np.cbrt(linear @ np.linalg.inv(_TO_RGB).T) @ np.linalg.inv(_TO_CONES).T
    return lab


@cache
def ramp() -> NDArray[np.float32]:
    """(256, 3) float32: the ramp as sRGB, 0 to 255, in equal steps of Oklab distance."""
    at, knots = np.linspace(0.0, 1.0, _FINE), np.linspace(0.0, 1.0, len(_HUE))
    chroma, hue = np.interp(at, knots, _CHROMA), np.radians(np.interp(at, knots, _HUE))
    lightness = np.interp(at, knots, _LIGHTNESS)
    chroma = chroma * _shown_part(lightness, chroma, hue)
    width = _FINE // 6  # corners at the points are smoothed away
    window = np.hanning(width + 2)[1:-1] / np.hanning(width + 2).sum()
    lab = np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=1)
    padded = np.pad(lab, ((width // 2, width - 1 - width // 2), (0, 0)), mode="edge")
    lab = np.stack([np.convolve(padded[:, n], window, "valid") for n in range(3)], axis=1)
    way = np.cumsum(np.linalg.norm(np.diff(lab, axis=0, prepend=lab[:1]), axis=1))
    even = np.linspace(0.0, way[-1], STEPS)
    lab = np.stack([np.interp(even, way, lab[:, n]) for n in range(3)], axis=1)
    return (255.0 * np.clip(oklab_to_rgb(lab), 0.0, 1.0)).astype(np.float32)


def _shown_part(lightness: Floats, chroma: Floats, hue: Floats) -> Floats:
    """Return the largest part of each chroma that a screen can show, by bisection."""
    low, high = np.zeros_like(chroma), np.ones_like(chroma)
    for _ in range(20):
        middle = (low + high) / 2.0
        a, b = chroma * middle * np.cos(hue), chroma * middle * np.sin(hue)
        rgb = oklab_to_rgb(np.stack([lightness, a, b], axis=-1))
        fits = ((rgb >= 0.0) & (rgb <= 1.0)).all(axis=-1)
        low, high = np.where(fits, middle, low), np.where(fits, high, middle)
    return low
