"""The cache saves reading and changes nothing; whatever is wrong with it costs time only."""

import json
import os
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import quant
from quant.dicom.files import cache as cache_module
from quant.dicom.files.cache import HeaderCache, cache_folder, opened_cache
from quant.dicom.files.cache_file import FILE_NAME
from quant.dicom.files.digests import file_digest, with_input_hash
from quant.dicom.files.header import Header
from quant.dicom.files.headers import read_header
from quant.dicom.index import index_tree
from quant.pipeline.study import warm_up
from tests.support.dicom_builder import CT, nm, save, save_all, slices
from tests.support.run import PLAIN, here


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the files whose header or digest was read, as they are read."""
    seen: list[Path] = []

    def header(path: Path) -> Header | None:
        seen.append(path)
        return read_header(path)

    def digest(path: Path) -> str:
        seen.append(path)
        return file_digest(path)

    monkeypatch.setattr("quant.dicom.files.headers.read_header", header)
    monkeypatch.setattr(cache_module, "file_digest", digest)
    return seen


def settled(folder: Path) -> HeaderCache:
    """Return a cache that also keeps files just written."""
    return HeaderCache(folder, settle_s=0.0)


def whole_study(folder: Path) -> Path:
    save(nm(SeriesInstanceUID="1.2.3"), folder / "nm.dcm")
    save_all(slices(CT), folder / "ct")
    (folder / "notes.txt").write_text("no DICOM", encoding="utf-8")
    return folder


def test_an_unchanged_file_is_read_once_and_gives_the_same_index(
    tmp_path: Path, reads: list[Path]
) -> None:
    folder = whole_study(tmp_path / "in")
    plain = index_tree(folder)
    reads.clear()
    with settled(tmp_path / "cache") as cache:
        first = index_tree(folder, cache=cache)
    assert len(reads) == 7
    reads.clear()
    with settled(tmp_path / "cache") as cache:
        second = index_tree(folder, cache=cache)
    assert [path.name for path in reads] == ["notes.txt"]
    assert plain == first == second
    assert repr(plain) == repr(second)


def test_a_changed_file_is_read_anew(tmp_path: Path, reads: list[Path]) -> None:
    """Test 43: by time alone, by content with the old time put back, and by another file."""
    path = save(nm(SeriesDescription="one"), tmp_path / "a.dcm")
    other = save(nm(SeriesDescription="six"), tmp_path / "b.dcm").read_bytes()
    with settled(tmp_path / "cache") as cache:
        first = cache.header(path)
        cache.flush()
        assert cache.header(path) == first
        assert len(reads) == 1

        os.utime(path, ns=(1, path.stat().st_mtime_ns + 1))
        assert cache.header(path) == first
        assert len(reads) == 2

        cache.flush()
        before = path.stat().st_mtime_ns
        path.write_bytes(other)
        os.utime(path, ns=(before, before))
        changed = cache.header(path)
        assert changed is not None
        assert changed.facts["SeriesDescription"] == "six"
        assert len(reads) == 3


def test_a_header_and_a_digest_are_kept_side_by_side(tmp_path: Path, reads: list[Path]) -> None:
    path = save(nm(), tmp_path / "a.dcm")
    with settled(tmp_path / "cache") as cache:
        header = cache.header(path)
        cache.flush()
        digest = cache.digest(path)
        cache.flush()
        reads.clear()
        assert (cache.header(path), cache.digest(path)) == (header, digest)
        assert reads == []
        assert digest == file_digest(path)

        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(bytes(content))
        cache.header(path)
        cache.flush()
        assert cache.digest(path) == file_digest(path) != digest


def test_digests_from_the_cache_give_the_same_input_hash(tmp_path: Path, reads: list[Path]) -> None:
    folder = whole_study(tmp_path / "in")
    (study,) = index_tree(folder).studies
    expected = with_input_hash(study).input_hash
    for left in (6, 0):
        reads.clear()
        with settled(tmp_path / "cache") as cache:
            assert with_input_hash(study, cache).input_hash == expected
        assert len(reads) == left


def test_a_file_just_written_is_not_kept(tmp_path: Path, reads: list[Path]) -> None:
    """It may be written again under the same time stamp."""
    path = save(nm(), tmp_path / "a.dcm")
    for _ in range(2):
        with HeaderCache(tmp_path / "cache", settle_s=60.0) as cache:
            cache.header(path)
    assert len(reads) == 2


def test_a_file_from_the_future_is_not_kept(tmp_path: Path, reads: list[Path]) -> None:
    path = save(nm(), tmp_path / "a.dcm")
    later = time.time() + 3600
    os.utime(path, (later, later))
    for _ in range(2):
        with settled(tmp_path / "cache") as cache:
            cache.header(path)
    assert len(reads) == 2


def test_headers_with_a_problem_and_files_that_are_no_dicom_are_looked_at_again(
    tmp_path: Path, reads: list[Path]
) -> None:
    cut = save(nm(), tmp_path / "cut.dcm")
    cut.write_bytes(cut.read_bytes()[:-9])
    (tmp_path / "text").write_text("no DICOM", encoding="utf-8")
    for _ in range(2):
        with settled(tmp_path / "cache") as cache:
            header = cache.header(cut)
            assert header is not None
            assert header.code == "TRUNCATED"
            assert cache.header(tmp_path / "text") is None
            assert cache.header(tmp_path / "missing") is not None
    assert len(reads) == 6


def test_another_key_of_subjects_is_never_served_an_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(nm(), tmp_path / "a.dcm")
    subjects = []
    for key in (None, "secret", "", "secret"):
        if key is None:
            monkeypatch.delenv("QUANT_SUBJECT_KEY", raising=False)
        else:
            monkeypatch.setenv("QUANT_SUBJECT_KEY", key)
        with settled(tmp_path / "cache") as cache:
            header = cache.header(path)
        assert header is not None
        assert header == read_header(path)
        subjects.append(header.subject)
    assert len(set(subjects)) == 3


def test_other_reading_code_reads_anew(
    tmp_path: Path, reads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(nm(), tmp_path / "a.dcm")
    with settled(tmp_path / "cache") as cache:
        cache.header(path)
    monkeypatch.setattr(cache_module, "_reader", lambda _key: "another version")
    with settled(tmp_path / "cache") as cache:
        cache.header(path)
    assert len(reads) == 2


def test_every_kind_of_fact_survives() -> None:
    facts: dict[str, object] = {
        "text": "\xfc\u3042\ud800", "number": 0.1, "whole": 7, "nan": float("nan"),
        "infinite": float("-inf"), "zero": -0.0, "numbers": (1, 2.5, ""), "large": 2**62,
        "one": ("a",),
    }  # fmt: skip
    header = Header("1.2", "1.3", "1.4", "1.5", "NM", "s", "p", facts)
    assert repr(cache_module._header(cache_module._text(header))) == repr(header)  # noqa: SLF001


# Privacy


def test_the_cache_names_no_path_and_no_person_and_is_the_users_own(tmp_path: Path) -> None:
    folder = tmp_path / "Secret^Person" / "in"
    save(nm(), folder / "SECRET-NAME.dcm")
    place = tmp_path / "deep" / "cache"
    with settled(place) as cache:
        index_tree(folder, cache=cache)
    content = (place / FILE_NAME).read_bytes()
    assert b"1.2.826.0.1.1" in content
    for secret in (b"Secret", b"SECRET", b"19700101", os.fsencode(folder)):
        assert secret not in content
    assert stat.S_IMODE((place / FILE_NAME).stat().st_mode) == 0o600
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


def test_a_cache_that_others_may_write_is_not_used(tmp_path: Path, reads: list[Path]) -> None:
    path = save(nm(), tmp_path / "a.dcm")
    with settled(tmp_path / "cache") as cache:
        cache.header(path)
    (tmp_path / "cache" / FILE_NAME).chmod(0o666)
    with settled(tmp_path / "cache") as cache:
        assert cache.header(path) is not None
    assert len(reads) == 2


def test_a_link_is_not_followed_to_a_cache_elsewhere(tmp_path: Path, reads: list[Path]) -> None:
    path = save(nm(), tmp_path / "a.dcm")
    target = tmp_path / "target"
    target.write_bytes(b"precious")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / FILE_NAME).symlink_to(target)
    with settled(tmp_path / "cache") as cache:
        assert cache.header(path) is not None
    assert target.read_bytes() == b"precious"
    assert len(reads) == 1


# Trouble


def _noise(file: Path) -> None:
    file.write_bytes(b"not a database at all" * 500)


def _torn(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[100:4000] = bytes(3900)
    file.write_bytes(bytes(content))


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:5000])


def _other_table(file: Path) -> None:
    file.unlink()
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE entries (something TEXT)")
    database.close()
    file.chmod(0o600)


def _folder_in_the_way(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _values(header: object, digest: object) -> Callable[[Path], None]:
    def change(file: Path) -> None:
        with sqlite3.connect(file) as database:
            database.execute("UPDATE entries SET header = ?, digest = ?", (header, digest))
        database.close()

    return change


TROUBLE = {
    "noise": _noise,
    "torn": _torn,
    "cut": _cut,
    "another table": _other_table,
    "a folder in its place": _folder_in_the_way,
    "broken JSON": _values("{", "abc"),
    "other JSON": _values('{"a": 1}', "abc"),
    "a short list": _values('["1", {}]', 7),
    "facts that are none": _values(json.dumps(["1"] * 7 + ["x"]), b"\xff"),
    "numbers for texts": _values(json.dumps([1] * 7 + [{}]), ""),
    "deep JSON": _values("[" * 100_000, ""),
    "bytes": _values(b"\xff\xfe", b"\xff" * 64),
}


@pytest.mark.parametrize("name", TROUBLE)
def test_a_damaged_cache_never_fails_a_run(tmp_path: Path, name: str) -> None:
    folder = whole_study(tmp_path / "in")
    place = tmp_path / "cache"
    plain = index_tree(folder)
    (study,) = plain.studies
    with settled(place) as cache:
        index_tree(folder, cache=cache)
    TROUBLE[name](place / FILE_NAME)
    for _ in range(2):
        with settled(place) as cache:
            assert index_tree(folder, cache=cache) == plain
            assert with_input_hash(study, cache) == with_input_hash(study)


@pytest.mark.parametrize("name", ["noise", "torn", "another table"])
def test_a_damaged_cache_is_made_anew(tmp_path: Path, name: str, reads: list[Path]) -> None:
    path = save(nm(), tmp_path / "a.dcm")
    for _ in range(2):
        with settled(tmp_path / "cache") as cache:
            cache.header(path)
    assert len(reads) == 1
    TROUBLE[name](tmp_path / "cache" / FILE_NAME)
    for _ in range(3):
        with settled(tmp_path / "cache") as cache:
            cache.header(path)
    assert len(reads) <= 3


def test_a_cache_locked_by_another_run_is_not_waited_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quant.dicom.files.cache_file.PATIENCE_S", 0.05)
    path = save(nm(), tmp_path / "a.dcm")
    with settled(tmp_path / "cache") as cache:
        cache.header(path)
    database = sqlite3.connect(tmp_path / "cache" / FILE_NAME, isolation_level=None)
    database.execute("BEGIN EXCLUSIVE")
    start = time.monotonic()
    with settled(tmp_path / "cache") as cache:
        assert cache.header(path) == read_header(path)
    assert time.monotonic() - start < 2.0
    database.close()
    with settled(tmp_path / "cache") as cache:
        assert cache.header(path) == read_header(path)


def test_a_cache_lost_during_a_run_is_given_up(tmp_path: Path, reads: list[Path]) -> None:
    paths = [save(nm(), tmp_path / f"{number}.dcm") for number in range(3)]
    with settled(tmp_path / "cache") as cache:
        cache.header(paths[0])
        cache.flush()
        _noise(tmp_path / "cache" / FILE_NAME)
        assert all(cache.header(path) == read_header(path) for path in paths)
    assert len(reads) == 4


def test_a_folder_that_cannot_be_made_means_no_cache(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    path = save(nm(), tmp_path / "a.dcm")
    for place in (tmp_path / "file" / "cache", Path("/proc/1/nowhere")):
        with settled(place) as cache:
            assert cache.header(path) == read_header(path)


def test_a_python_without_sqlite_has_no_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quant.dicom.files.cache_file.sqlite3", None)
    path = save(nm(), tmp_path / "a.dcm")
    with settled(tmp_path / "cache") as cache:
        assert cache.header(path) == read_header(path)
        assert cache.digest(path) == file_digest(path)
    assert not (tmp_path / "cache").exists()


def test_two_runs_at_once_both_work(tmp_path: Path) -> None:
    """Two processes write the same entries again and again, by changing who has read them."""
    folder = whole_study(tmp_path / "in")
    code = (
        "import sys; from pathlib import Path; from quant.dicom.files.cache import HeaderCache\n"
        "paths = sorted(Path(sys.argv[1]).rglob('*.dcm'))\n"
        "for _ in range(40):\n"
        "    with HeaderCache(Path(sys.argv[2]), settle_s=0.0) as cache:\n"
        "        cache._reader += '.'\n"
        "        assert all(cache.header(path).modality for path in paths)\n"
        "        assert cache._file.is_open\n"
    )
    runs = [
        subprocess.Popen([sys.executable, "-c", code, folder, tmp_path / "cache"])  # noqa: S603
        for _ in range(2)
    ]
    assert [one.wait(timeout=120) for one in runs] == [0, 0]
    database = sqlite3.connect(tmp_path / "cache" / FILE_NAME)
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert database.execute("SELECT count(*) FROM entries").fetchone() == (6,)
    database.close()


def test_the_oldest_entries_make_room(tmp_path: Path) -> None:
    paths = [save(nm(), tmp_path / "in" / f"{number:03d}.dcm") for number in range(120)]
    place = tmp_path / "cache"
    for path in paths:
        with HeaderCache(place, settle_s=0.0, most_bytes=100_000) as cache:
            cache.header(path)
    assert (place / FILE_NAME).stat().st_size < 200_000
    with settled(place) as cache:
        kept = [cache._file.find(*cache._place(path)[:2])[1] != "" for path in paths]  # type: ignore[index]  # noqa: SLF001
    assert kept[-10:] == [True] * 10
    assert not any(kept[:60])


# Where it lies


def test_the_environment_says_where_the_cache_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in ("off", "OFF"):
        monkeypatch.setenv("QUANT_CACHE", value)
        assert cache_folder() is None
        with opened_cache() as cache:
            assert cache is None
    monkeypatch.setenv("QUANT_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"
    monkeypatch.delenv("QUANT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "spectct-quant"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "home" / ".cache" / "spectct-quant"


def test_commands_and_open_studies_use_the_cache_and_index_tree_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm_up()  # kernels have their place before QUANT_CACHE names another
    folder = whole_study(tmp_path / "in")
    places = {name: tmp_path / name for name in ("tree", "open", "inspect", "run")}
    monkeypatch.setenv("QUANT_CACHE", str(places["tree"]))
    index_tree(folder)
    assert not places["tree"].exists()
    monkeypatch.setenv("QUANT_CACHE", str(places["open"]))
    list(quant.open_studies(folder))
    for name, arguments in (("inspect", ()), ("run", ("-o", tmp_path / "out", *PLAIN))):
        monkeypatch.setenv("QUANT_CACHE", str(places[name]))
        here(name, folder, *arguments)
    for name in ("open", "inspect", "run"):
        assert (places[name] / FILE_NAME).is_file(), name
    assert not [path for path in folder.rglob("*") if FILE_NAME in path.name]
