"""Goal 4: a damaged byte anywhere in the output folder or the protocol is found, or harmless.

After the damage the same command is given again. Then every result is what it was, or the run has
said that it is not (exit status not 0), or (a protocol that says something else) the manifest shows
another protocol and the earlier record is still there.
"""

import os
import random
import shutil
from pathlib import Path

from quant.errors import QuantError
from quant.pipeline.batch import run_batch
from quant.pipeline.digest import verify
from quant.pipeline.protocols import SHIPPED, load_protocol, protocol_hash
from quant.report.pictures import DRAWN
from tests.soak.children import Stage, stage
from tests.soak.figures import Figure, figure
from tests.support.batches import QUICK

UNIMPORTANT = ("run.log.jsonl", *DRAWN)
"""The log is never read. The sheet and what the viewer shows are drawn from the record and the
display copies; ``quant report`` draws them again, and no seal is kept of them.
"""


def damaged_bytes(points: int, seed: int) -> list[Figure]:
    """Damage one byte of results or ledger, or (a twentieth of the points) of a protocol."""
    rng = random.Random(seed)
    with stage(2) as scene:
        whole = scene.fresh()
        run_batch(scene.index, whole, QUICK)
        names = sorted(
            path.relative_to(whole).as_posix()
            for path in whole.rglob("*")
            if path.is_file() and path.stat().st_size and path.name not in UNIMPORTANT
        )
        rows = [_in_results(scene, whole, names, points - points // 20, rng)]
        rows.append(_in_protocols(scene.folder, points // 20, rng))
    return rows


def every_byte(points: int, seed: int) -> list[Figure]:
    """Damage every byte of one record, one after the other (or so many of them, spread evenly)."""
    rng = random.Random(seed)
    with stage(1) as scene:
        out = scene.fresh()
        run_batch(scene.index, out, QUICK)
        (record,) = (out / "records").glob("*.json")
        content = record.read_bytes()
        step = max(len(content) // points, 1)
        with figure(f"a damaged byte of a record of {len(content)} bytes is seen by verify") as row:
            for place in range(0, len(content), step):
                _damage(record, place, 1 << rng.randrange(8), content)
                row.check(not verify(out).is_whole, f"byte {place}")
    return [row]


def _in_results(
    scene: Stage, whole: Path, names: list[str], points: int, rng: random.Random
) -> Figure:
    told = 0
    with figure(f"one damaged byte in one of {len(names)} files, then the same command") as row:
        for _ in range(points):
            out = scene.fresh()
            shutil.copytree(whole, out)
            name = rng.choice(names)
            content = (out / name).read_bytes()
            place, mask = rng.randrange(len(content)), 1 << rng.randrange(8)
            times = (out / name).stat()
            _damage(out / name, place, mask, content)
            os.utime(out / name, ns=(times.st_atime_ns, times.st_mtime_ns))
            what = f"{name} byte {place} xor {mask}"
            try:
                result = run_batch(scene.index, out, QUICK)
            except QuantError:
                told += 1
                result = run_batch(scene.index, out, QUICK)
            wrong = [] if result.digest == scene.digest else ["another digest"]
            wrong += [*scene.unlike(out), *_other_bytes(whole, out, names)]
            row.check(not wrong, f"{what}: {wrong}")
            shutil.rmtree(out)
        row.notes = f"{told} stopped and said so first"
    return row


def _other_bytes(whole: Path, out: Path, names: list[str]) -> list[str]:
    """Name the files, pages of the report included, that are not what they were."""
    own = {"run.json", "ledger.sqlite"}
    return [
        f"{name} is another"
        for name in names
        if name not in own and (out / name).read_bytes() != (whole / name).read_bytes()
    ]


def _damage(path: Path, place: int, mask: int, content: bytes) -> None:
    changed = bytearray(content)
    changed[place] ^= mask
    path.write_bytes(bytes(changed))


def _in_protocols(folder: Path, points: int, rng: random.Random) -> Figure:
    """Damage protocols: each is refused, says the same, or has another hash."""
    content = (SHIPPED / "zhou2025.toml").read_bytes()
    before = load_protocol("zhou2025")
    refused = 0
    with figure("one damaged byte in a protocol") as row:
        for number in range(points):
            path = folder / f"p{number}" / "zhou2025.toml"
            path.parent.mkdir()
            place, mask = rng.randrange(len(content)), 1 << rng.randrange(8)
            path.write_bytes(content)
            _damage(path, place, mask, content)
            try:
                after = load_protocol(path)
            except QuantError:
                refused += 1
                row.tried += 1
                continue
            same = after == before
            row.check(same == (protocol_hash(after) == protocol_hash(before)), f"byte {place}")
        row.notes = f"{refused} refused"
    return row
