"""No word that stands for a person is left anywhere by a run."""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.hostile.canaries import everything, forms, layers, sightings, tokens, write_canaries
from tests.hostile.looking import rows
from tests.support.run import quant

FILE_TOKENS = {"file", "folder", "broken file"}
PRIVATE = {"PatientName", "PatientID"}


@dataclass(frozen=True)
class Left:
    """What a run printed and wrote, its temporary folder included."""

    status: int
    out: Path
    found: list[str]


def left(base: Path, name: str, *options: str) -> Left:
    """Run a command on the studies with tokens and look through all that it leaves."""
    out, temporary = base / name, base / f"{name}-tmp"
    temporary.mkdir()
    arguments = (
        ["run", str(base / "in"), "-o", str(out)]
        if name != "inspect"
        else ["inspect", str(base / "in")]
    )
    status, stdout, stderr = quant(
        *arguments, *options, environment={"TMPDIR": str(temporary), "QUANT_CACHE": "off"}
    )
    kept = everything(out) | {f"tmp/{key}": value for key, value in everything(temporary).items()}
    return Left(
        status, out, sightings(kept | everything(Path("/nowhere"), stdout=stdout, stderr=stderr))
    )


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("canaries")
    write_canaries(folder / "in")
    return folder


def test_more_than_forty_tokens_are_found_nowhere_but_file_names_in_the_quarantine(
    base: Path,
) -> None:
    seen = left(base, "out", "--debug", "-j", "1")
    entries = rows(seen.out / "quarantine.csv")

    assert len(tokens()) > 40
    assert seen.status == 1
    assert len(rows(seen.out / "studies.csv")) == 6
    assert {"TRUNCATED", "DECODE", "SPACING_MISSING"} <= {one["code"] for one in entries}
    unexpected = [
        one
        for one in seen.found
        if one not in ("folder in quarantine.csv", "broken file in quarantine.csv")
        and not (one.startswith("broken file in records") and one.endswith(".json"))
    ]
    assert unexpected == []


def test_identifiers_are_there_when_they_are_asked_for_and_only_those(base: Path) -> None:
    """DICOM objects then also bear the study's own attributes, to be filed with it."""
    seen = left(base, "named", "--identifiers", "-j", "1")
    names = {one.partition(" in ")[0] for one in seen.found}

    elsewhere = {one for one in seen.found if not one.endswith(".dcm")}
    assert names >= PRIVATE
    assert {one.partition(" in ")[0] for one in elsewhere} - FILE_TOKENS == PRIVATE


def test_inspect_prints_no_person(base: Path) -> None:
    seen = left(base, "inspect", "--json")

    assert {one.partition(" in ")[0] for one in seen.found} <= FILE_TOKENS


def test_the_search_finds_what_is_packed_or_encoded(tmp_path: Path) -> None:
    """The search itself is tried, so that nothing found means that nothing is there."""
    import base64

    import pyarrow as pa
    import pyarrow.parquet as pq

    word = tokens()["PatientName"]
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("x", word)
    table = tmp_path / "a.parquet"
    pq.write_table(pa.table({"name": [word]}), table, compression="zstd")
    idat = zlib.compress(word.encode())
    png = b"\x89PNG\r\n\x1a\n" + len(idat).to_bytes(4, "big") + b"IDAT" + idat + b"\0\0\0\0"
    hidden = {
        "zip": archive.read_bytes(),
        "parquet": table.read_bytes(),
        "png": png,
        "UTF-16": word.encode("utf-16"),
        "base64": base64.b64encode(b"x" + word.encode() + b"tail" * 20),
        "short base64": base64.b64encode(b"ab" + word.encode() + b"cd"),
        "PNG in base64": base64.b64encode(png + b"\0" * 60),
        "hexadecimal": word.encode().hex().encode(),
        "capitals": word.upper().encode(),
    }

    for name, content in hidden.items():
        found = any(form in layer for layer in layers(content) for form in forms(word))
        assert found, name
