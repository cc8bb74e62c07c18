"""Read, join and check protocols; say every setting with its source.

A protocol is a TOML file, one of the shipped ones by name or any file by path. It may start from
another (``extends = "ibsi"``) and then hold only what differs.
"""

import difflib
import hashlib
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from quant.domain.protocol import StudyProtocol
from quant.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails

SHIPPED = Path(__file__).parent / "shipped"
DEFAULT_PROTOCOL = "zhou2025"
MOST_STEPS = 8
"""A chain of ``extends`` longer than this is taken for a circle."""


def shipped_names() -> tuple[str, ...]:
    """Names of the protocols that come with the engine."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.toml")))


def load_protocol(name_or_path: str | Path) -> StudyProtocol:
    """Load a protocol by its shipped name or from a file.

    A file that names itself nothing bears its own file name, never that of what it extends.

    Raises
    ------
    ProtocolError
        ``PROTOCOL_INVALID`` if there is no such protocol, the file is not TOML, or a setting is
        unknown or out of range; the message names the setting.
    """
    path = _locate(str(name_or_path), Path.cwd())
    settings = _joined(path, MOST_STEPS)
    try:
        return StudyProtocol.model_validate(settings)
    except ValidationError as error:
        raise _invalid(str(name_or_path), error) from error


def protocol_hash(protocol: StudyProtocol) -> str:
    """SHA-256 of all settings in their canonical JSON form."""
    return hashlib.sha256(protocol.model_dump_json().encode()).hexdigest()


def settings_of(protocol: BaseModel, prefix: str = "") -> "Iterator[tuple[str, str, str, str]]":
    """List every setting as (name, value, description, source), in the order of the model."""
    for name, info in type(protocol).model_fields.items():
        value = getattr(protocol, name)
        if isinstance(value, BaseModel):
            yield from settings_of(value, f"{prefix}{name}.")
            continue
        extra = info.json_schema_extra
        source = str(extra.get("source", "")) if isinstance(extra, dict) else ""
        shown = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
        yield f"{prefix}{name}", shown, info.description or "", source


def _locate(name: str, base: Path) -> Path:
    shipped = SHIPPED / f"{name}.toml"
    if name in shipped_names():
        return shipped
    path = base / Path(name).expanduser()
    if not path.is_file():
        raise ProtocolError(
            "PROTOCOL_INVALID",
            f"There is no protocol {name!r}.",
            found=f"no shipped protocol of that name and no file {path}",
            needed=f"one of {', '.join(shipped_names())}, or the path of a TOML file",
            next_step="quant protocol show zhou2025 prints what a protocol holds",
        )
    return path


def _joined(path: Path, steps: int) -> dict[str, Any]:
    """Lay the settings of a file over those of the protocol that it extends."""
    own = {"name": path.stem, **_parse(path)}
    base = own.pop("extends", None)
    if base is None:
        return own
    if steps == 0 or not isinstance(base, str):
        raise ProtocolError(
            "PROTOCOL_INVALID",
            f"The setting 'extends' in {path.name} cannot be followed.",
            found=f"extends = {base!r}",
            needed="the name or path of another protocol, without circles",
            next_step="correct the setting 'extends'",
        )
    return _overlay(_joined(_locate(base, path.parent), steps - 1), own)


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ProtocolError(
            "PROTOCOL_INVALID",
            f"The protocol file {path.name} cannot be read as TOML.",
            found=str(error),
            needed="a TOML file in UTF-8",
            next_step="correct the named line",
        ) from error


def _overlay(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    joined = dict(base)
    for key, value in own.items():
        below = joined.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        joined[key] = _overlay(below, value) if both else value  # type: ignore[arg-type]
    return joined


def _invalid(name: str, error: ValidationError) -> ProtocolError:
    found = "; ".join(_sentence(one) for one in error.errors())
    return ProtocolError(
        "PROTOCOL_INVALID",
        f"The protocol {name!r} does not validate.",
        found=found,
        needed="known settings within their range",
        next_step="quant protocol show zhou2025 lists every setting",
    )


def _sentence(one: "ErrorDetails") -> str:
    """Say one finding of the validation: the setting, what it is, and the nearest known name."""
    setting = ".".join(str(part) for part in one["loc"])
    if one["type"] != "extra_forbidden":
        return f"{setting} = {one['input']!r}: {one['msg'].lower()}"
    known = [row[0] for row in settings_of(load_protocol(DEFAULT_PROTOCOL))]
    near = difflib.get_close_matches(setting, known, n=1)
    return f"{setting}: no such setting" + (f" (did you mean {near[0]}?)" if near else "")
