"""What the reference spheres say, as named measurements."""

from typing import TYPE_CHECKING

from quant.domain.flags import Flag
from quant.domain.measurement import Measurement, negative_flags
from quant.domain.region import Role
from quant.domain.units import Quantity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quant.domain.sphere import PlacedSphere

SPHERE_ROLES = (Role.LIVER, Role.MUSCLE_LEFT, Role.MUSCLE_RIGHT)
VALUE_NAMES = ("max", "mean", "sd")


def measure_spheres(
    placed: "Mapping[Role, PlacedSphere]", flags: "Mapping[Role, tuple[Flag, ...]]", unit: str
) -> tuple[Measurement, ...]:
    """Turn placed spheres into measurements; an absent sphere gives absent values with its codes.

    Parameters
    ----------
    placed : mapping of Role to PlacedSphere
        The spheres that could be placed.
    flags : mapping of Role to tuple of Flag
        For each role, why its sphere is absent.
    unit : str
        Unit of the emission volume.

    Returns
    -------
    tuple of Measurement
        For each of liver, muscle_left and muscle_right: ``_max``, ``_mean``, ``_sd`` in the
        volume's unit, ``_x_mm``, ``_y_mm``, ``_z_mm`` (LPS), ``_volume_ml``, ``_inside``; then
        ``muscle_max`` and ``muscle_mean``, the average of the two sides.
    """
    rows: list[Measurement] = []
    for role in SPHERE_ROLES:
        if role in placed:
            rows.extend(_present(role, placed[role], unit))
        else:
            rows.extend(_absent(role, reasons(role, flags), unit))
    rows.extend(_muscle_average(placed, flags, unit))
    return tuple(rows)


def reasons(role: Role, flags: "Mapping[Role, tuple[Flag, ...]]") -> tuple[Flag, ...]:
    """Return the flags that say why a sphere is absent; never empty."""
    return flags.get(role, ()) or (Flag("REFERENCE_ABSENT", f"{role} was not placed"),)


def _present(role: Role, one: "PlacedSphere", unit: str) -> list[Measurement]:
    sphere, values = one.sphere, one.statistics
    name = str(role)
    method = f"{sphere.source} sphere, radius {sphere.radius_mm:.2f} mm"
    numbers = (("max", values.maximum), ("mean", values.mean), ("sd", values.sd))
    rows = [
        Measurement(
            f"{name}_{what}",
            number,
            unit,
            name,
            method,
            flags=(*one.flags, *negative_flags(number)),
        )
        for what, number in numbers
    ]
    rows.extend(
        Measurement(f"{name}_{axis}_mm", centre, Quantity.MM, name, "centre, LPS")
        for axis, centre in zip("xyz", sphere.centre_mm, strict=True)
    )
    rows.append(
        Measurement(
            f"{name}_volume_ml", values.volume_ml, Quantity.ML, name, "sum of partial voxels"
        )
    )
    inside = sphere.inside_fraction
    why = () if inside is not None else (Flag("SPHERE_MARKED", "no organ region to compare"),)
    rows.append(
        Measurement(
            f"{name}_inside", inside, Quantity.NONE, name, "fraction inside organ", flags=why
        )
    )
    return rows


def _absent(role: Role, why: tuple[Flag, ...], unit: str) -> list[Measurement]:
    units = dict.fromkeys(VALUE_NAMES, unit)
    units |= {f"{axis}_mm": str(Quantity.MM) for axis in "xyz"}
    units |= {"volume_ml": str(Quantity.ML), "inside": str(Quantity.NONE)}
    return [
        Measurement(f"{role}_{what}", None, one, str(role), flags=why)
        for what, one in units.items()
    ]


def _muscle_average(
    placed: "Mapping[Role, PlacedSphere]", flags: "Mapping[Role, tuple[Flag, ...]]", unit: str
) -> list[Measurement]:
    sides = (Role.MUSCLE_LEFT, Role.MUSCLE_RIGHT)
    missing = [role for role in sides if role not in placed]
    method = "average of left and right"
    if missing:
        why = tuple(flag for role in missing for flag in reasons(role, flags))
        return [
            Measurement(f"muscle_{what}", None, unit, "muscle", method, flags=why)
            for what in ("max", "mean")
        ]
    left, right = (placed[role].statistics for role in sides)
    pairs = (("max", left.maximum, right.maximum), ("mean", left.mean, right.mean))
    return [
        Measurement(f"muscle_{what}", (a + b) / 2.0, unit, "muscle", method) for what, a, b in pairs
    ]
