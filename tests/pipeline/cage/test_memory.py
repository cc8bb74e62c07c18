"""Files that ask for much memory are refused before they get it."""

import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from quant.pipeline.cage.cage import Cage
from quant.pipeline.cage.reading import CagedReader
from tests.support.dicom_builder import nm, save

MEBIBYTE = 2**20
DEFLATED = b"1.2.840.10008.1.2.1.99"


@pytest.fixture(scope="module")
def cage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cage]:
    """Open a cage whose worker has read a header already."""
    path = tmp_path_factory.mktemp("good") / "nm.dcm"
    save(nm(), path)
    with Cage(1) as opened:
        assert [one and one.code for one in CagedReader(opened).headers([path])] == [""]
        yield opened


def peak_mib(cage: Cage) -> float:
    (pid,) = cage.pids
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(pid)


def deflated(size_mib: int) -> bytes:
    """Return a file of deflated zeros that inflates to a size."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    part = packer.compress(bytes(MEBIBYTE)) + packer.flush(zlib.Z_FULL_FLUSH)  # needs no other part
    body = part * size_mib + packer.flush()
    syntax = b"\x02\x00\x10\x00UI" + len(DEFLATED).to_bytes(2, "little") + DEFLATED
    length = b"\x02\x00\x00\x00UL\x04\x00" + len(syntax).to_bytes(4, "little")
    return bytes(128) + b"DICM" + length + syntax + body


def declared(length: int) -> bytes:
    """Return a file of 430 bytes whose first value claims a length."""
    element = b"\x08\x00\x05\x00UT\x00\x00" + length.to_bytes(4, "little")
    syntax = b"\x02\x00\x10\x00UI\x14\x001.2.840.10008.1.2.1\x00"
    group = b"\x02\x00\x00\x00UL\x04\x00" + len(syntax).to_bytes(4, "little")
    return (bytes(128) + b"DICM" + group + syntax + element).ljust(430, b"A")


@pytest.mark.parametrize(
    "content",
    [deflated(2048), deflated(200), declared(0xFFFFFFF0), declared(0x7FFFFFFF)],
    ids=["inflates to 2 GiB", "inflates to 200 MiB", "claims 4 GiB", "claims 2 GiB"],
)
def test_a_bomb_is_refused_with_little_memory(cage: Cage, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bomb.dcm").write_bytes(content)
    before, worker = peak_mib(cage), cage.pids

    (header,) = CagedReader(cage).headers([tmp_path / "bomb.dcm"])

    assert header is not None
    assert header.code in ("DICOM_UNREADABLE", "TRUNCATED")
    assert cage.pids == worker
    assert peak_mib(cage) - before < 256
