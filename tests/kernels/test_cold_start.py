"""What is loaded at the start, where compiled kernels are kept, and when they count."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from quant.pipeline.rehearsal import CALLED_BY_NO_STUDY
from quant_kernels._cache import kernel_folder, why_unusable

ROOT = Path(__file__).resolve().parents[2]
KERNELS = ROOT / "kernels" / "quant_kernels"
SAMPLE = ROOT / "data-samples"

TINY = '''"""One kernel of {addend}."""
from quant_kernels._jit import kernel

@kernel
def raised(value):
    return value + {addend}
'''

ASK = """
from quant_kernels.tiny import raised
print(raised(40), sum(raised.stats.cache_hits.values()))
"""

AFTERWARDS = """
import atexit, runpy, sys
def tell():
    print("loaded:", *[m for m in ("numba", "llvmlite", "scipy", "skimage") if m in sys.modules])
atexit.register(tell)
{code}
"""


def _python(code: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, **environment},
    )


def _command(*words: str) -> str:
    return (
        f"sys.argv = ['quant', *{words!r}]\nrunpy.run_module('quant.cli.app', run_name='__main__')"
    )


@pytest.mark.parametrize(
    "code",
    ["import quant; quant.__version__, dir(quant)", _command("--help"), _command("run", "--help"),
     _command("kernels", "--help"), _command("protocol", "show"),
     _command("inspect", str(SAMPLE))],
    ids=["import quant", "--help", "run --help", "kernels --help", "protocol show", "inspect"],
)  # fmt: skip
def test_the_compiler_is_not_loaded_before_a_kernel_is_called(code: str) -> None:
    """Importing numba costs half a second, several times what all the rest of the start costs."""
    told = _python(AFTERWARDS.format(code=code)).stdout.splitlines()[-1]

    assert told.strip() == "loaded:"


def test_where_kernels_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The variable of numba first, then the folder of all caches, then the user's own."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("QUANT_CACHE", raising=False)
    assert kernel_folder() == tmp_path / "xdg" / "spectct-quant" / "kernels"

    monkeypatch.setenv("QUANT_CACHE", "off")  # of headers: kernels hold nothing of a study
    assert kernel_folder() == tmp_path / "xdg" / "spectct-quant" / "kernels"

    monkeypatch.setenv("QUANT_CACHE", str(tmp_path / "mine"))
    assert kernel_folder() == tmp_path / "mine" / "kernels"

    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "numba"))
    assert kernel_folder() == tmp_path / "numba"


@pytest.mark.skipif(os.name != "posix", reason="POSIX rights")
def test_a_folder_that_others_may_write_to_is_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What lies there is run as code."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    own = tmp_path / "own" / "kernels"

    assert why_unusable(own) == ""
    assert own.stat().st_mode & 0o777 == 0o700
    own.chmod(0o770)
    assert "other users" in why_unusable(own)
    own.chmod(0o755)
    assert why_unusable(own) == ""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Copy the house's compiler settings beside one tiny kernel."""
    folder = tmp_path / "source" / "quant_kernels"
    folder.mkdir(parents=True)
    for name in ("__init__.py", "_jit.py", "_cache.py"):
        shutil.copy(KERNELS / name, folder / name)
    (folder / "tiny.py").write_text(TINY.format(addend=1), encoding="utf-8")
    return folder


def _ask(package: Path, cache: Path, **environment: str) -> tuple[list[str], str]:
    """Return the kernel's answer and its hits on disk, and what was said on standard error."""
    code = f"import sys; sys.path.insert(0, {str(package.parent)!r})\n{ASK}"
    done = _python(code, QUANT_CACHE=str(cache), NUMBA_CACHE_DIR="", **environment)
    return done.stdout.split(), done.stderr


def test_a_kept_kernel_counts_until_its_text_changes(package: Path, tmp_path: Path) -> None:
    """Also where size and time of the file stay the same, as after an unpacked release."""
    cache, source = tmp_path / "cache", package / "tiny.py"
    assert _ask(package, cache) == (["41", "0"], "")
    assert _ask(package, cache) == (["41", "1"], "")
    about = source.stat()

    source.write_text(TINY.format(addend=2), encoding="utf-8")
    os.utime(source, ns=(about.st_atime_ns, about.st_mtime_ns))

    assert source.stat().st_size == about.st_size
    assert _ask(package, cache) == (["42", "0"], "")
    assert _ask(package, cache) == (["42", "1"], "")


def test_a_changed_setting_of_the_compiler_makes_all_kernels_anew(
    package: Path, tmp_path: Path
) -> None:
    cache, settings = tmp_path / "cache", package / "_jit.py"
    _ask(package, cache)

    settings.write_text(
        settings.read_text(encoding="utf-8").replace("fastmath=False", "fastmath={'nsz'}"),
        encoding="utf-8",
    )

    assert _ask(package, cache)[0] == ["41", "0"]


ASK_ALL = """
import empty, short, byte
for one in (empty, short, byte):
    print(one.raised(40), sum(one.raised.stats.cache_hits.values()))
"""


def test_a_damaged_cache_is_made_anew(package: Path, tmp_path: Path) -> None:
    """A machine that went down while writing leaves short files; a disk may change a byte."""
    cache = tmp_path / "cache"
    for addend, name in enumerate(("empty", "short", "byte"), start=1):
        (package.parent / f"{name}.py").write_text(TINY.format(addend=addend), encoding="utf-8")
    code = f"import sys; sys.path.insert(0, {str(package.parent)!r})\n{ASK_ALL}"

    def ask() -> tuple[list[str], str]:
        done = _python(code, QUANT_CACHE=str(cache), NUMBA_CACHE_DIR="")
        return done.stdout.split(), done.stderr

    assert ask() == (["41", "0", "42", "0", "43", "0"], "")
    for name in ("empty", "short", "byte"):
        (one,) = cache.rglob(f"{name}.*.nbc")
        whole = one.read_bytes()
        middle = len(whole) // 2
        changed = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
        one.write_bytes({"empty": b"", "short": whole[:30], "byte": changed}[name])

    assert ask() == (["41", "0", "42", "0", "43", "0"], "")
    assert ask() == (["41", "1", "42", "1", "43", "1"], "")


MEANWHILE = """
import sys, time
from pathlib import Path
from quant_kernels.tiny import raised
go, values = Path(sys.argv[1]), (40, 40.0, 40j)
while not go.exists():
    time.sleep(0.001)
for place in sys.argv[2]:
    print(raised(values[int(place)]))
print(sum(raised.stats.cache_hits.values()))
"""


def test_processes_that_compile_different_forms_at_once_do_not_mix_them_up(
    package: Path, tmp_path: Path
) -> None:
    """Machine code that was made for other arguments gives wrong numbers or ends the process."""
    answers = ["41", "41.0", "(1+40j)"]
    code = f"import sys; sys.path.insert(0, {str(package.parent)!r})\n{MEANWHILE}"
    for attempt in range(2):
        cache, go = tmp_path / f"cache{attempt}", tmp_path / f"go{attempt}"
        environment = {**os.environ, "QUANT_CACHE": str(cache), "NUMBA_CACHE_DIR": ""}
        running = [
            subprocess.Popen(  # noqa: S603 - our own interpreter and code
                [sys.executable, "-c", code, str(go), form],
                stdout=subprocess.PIPE,
                encoding="utf-8",
                env=environment,
            )
            for form in "012"
        ]
        go.touch()
        told = [one.communicate()[0].split() for one in running]
        assert told == [[answer, "0"] for answer in answers]

        done = subprocess.run(  # noqa: S603 - our own interpreter and code
            [sys.executable, "-c", code, str(go), "012"],
            check=True,
            capture_output=True,
            encoding="utf-8",
            env=environment,
        )

        assert done.stdout.split() == [*answers, "3"]


def test_forms_of_an_earlier_text_are_removed(package: Path, tmp_path: Path) -> None:
    """Kept code does not pile up over the years."""
    cache, source = tmp_path / "cache", package / "tiny.py"
    for addend in (1, 2):
        source.write_text(TINY.format(addend=addend), encoding="utf-8")
        _ask(package, cache)

    assert len([one for one in cache.rglob("*") if one.is_file()]) == 1


def test_a_folder_that_cannot_be_made_costs_time_only(package: Path, tmp_path: Path) -> None:
    cache = tmp_path / "taken"
    cache.write_text("no folder", encoding="utf-8")

    answer, said = _ask(package, cache)

    assert answer == ["41", "0"]
    assert said.count("compiled kernels are not kept") == 1


def test_a_full_disk_costs_time_only(package: Path, tmp_path: Path) -> None:
    """Compiled forms are larger than the largest file that may be written."""
    resource = pytest.importorskip("resource")
    del resource
    code = (
        "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (900, 900))\n"
        f"import sys; sys.path.insert(0, {str(package.parent)!r})\n{ASK}"
    )
    for _ in range(2):
        done = _python(code, QUANT_CACHE=str(tmp_path / "cache"), NUMBA_CACHE_DIR="")
        assert (done.stdout.split(), done.stderr) == (["41", "0"], "")


FORMS = """
import json
from pathlib import Path
from quant_kernels import inventory
from quant.pipeline.rehearsal import rehearsal
import quant

def forms():
    return {one.name: one.signatures for one in inventory.states() if one.is_public}

inventory.load_all()
for part in rehearsal():
    if part.is_of_studies:
        part.perform()
warm = forms()
for study in quant.open_studies(%r):
    quant.measure_study(study)
after = forms()
for part in rehearsal():
    part.perform()
print(json.dumps([warm, after, forms()]))
"""

SEVERAL_FORMS = {
    "surface.region_histogram": 2,  # masks of bytes, grey values whose isosurface is meshed
}
"""Kernels that studies call with more than one kind of array, and with how many."""


def test_every_kernel_is_rehearsed_and_compiled_in_one_form_for_a_study() -> None:
    """Read-only and writable arrays, or two types of numbers, would each be compiled anew."""
    warm, after, whole = json.loads(_python(FORMS % str(SAMPLE)).stdout)

    assert {name for name, forms in warm.items() if not forms} == CALLED_BY_NO_STUDY
    assert after == warm
    assert {name for name, forms in whole.items() if not forms} == set()
    several = {name: len(forms) for name, forms in whole.items() if len(forms) > 1}
    assert several == SEVERAL_FORMS
