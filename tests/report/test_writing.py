"""Files are written whole or not at all, and never through a link."""

import errno
import os
from pathlib import Path

import pytest

from quant.errors import OutputError
from quant.report.writing import IS_PART, make_folder, require_inside, write_bytes, write_files


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a" / "b" / "file.csv", b"old")
    write_bytes(tmp_path / "a" / "b" / "file.csv", b"new")

    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["file.csv"]
    assert (tmp_path / "a" / "b" / "file.csv").read_bytes() == b"new"


def test_what_is_written_is_forced_to_disk_before_and_after_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file before the rename, its folder after it, and the folder above a new folder."""
    told: list[str] = []
    fsync, replace = os.fsync, os.replace

    def forced(handle: int) -> None:
        told.append("forced " + Path(f"/proc/self/fd/{handle}").resolve().name[:4])
        fsync(handle)

    def renamed(source: str, target: str) -> None:
        told.append("renamed")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", forced)
    monkeypatch.setattr(os, "replace", renamed)
    monkeypatch.setattr(Path, "replace", renamed)

    write_bytes(tmp_path / "folder" / "file", b"content")

    assert told == [f"forced {tmp_path.name[:4]}", "forced file", "renamed", "forced fold"]


def test_parts_have_names_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes may write one file (a task that a cluster ran twice): no part is shared."""
    parts: list[str] = []
    replace = Path.replace

    def noting(part: Path, target: Path) -> Path:
        parts.append(part.name)
        return replace(part, target)

    monkeypatch.setattr(Path, "replace", noting)
    for _ in range(2):
        write_bytes(tmp_path / "file", b"")

    assert len(set(parts)) == 2
    assert all(IS_PART(name) for name in parts)


def test_a_link_in_the_place_of_a_file_is_replaced_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"somebody's")
    (tmp_path / "file").symlink_to(elsewhere)

    write_bytes(tmp_path / "file", b"ours")

    assert elsewhere.read_bytes() == b"somebody's"
    assert not (tmp_path / "file").is_symlink()


@pytest.mark.parametrize(
    ("number", "code"),
    [(errno.ENOSPC, "OUT_NO_SPACE"), (errno.EDQUOT, "OUT_NO_SPACE"), (errno.EROFS, "OUT_NOT_WRIT"),
     (errno.EIO, "OUT_NOT_WRIT"), (errno.EACCES, "OUT_NOT_WRIT")],
)  # fmt: skip
@pytest.mark.parametrize("call", ["write", "fsync"])
def test_when_it_fails_the_old_file_stays_and_the_message_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: str, call: str
) -> None:
    write_bytes(tmp_path / "file", b"old")

    def fail(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OutputError, match=code) as caught:
        write_bytes(tmp_path / "file", b"new")
    monkeypatch.undo()

    assert "what is measured is kept" in caught.value.next_step
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"


def test_short_writes_are_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, bytes(data[:3])))

    write_files(tmp_path, {"a": b"0123456789", "b": b""})

    monkeypatch.undo()
    assert (tmp_path / "a").read_bytes() == b"0123456789"
    assert (tmp_path / "b").read_bytes() == b""


def test_a_file_system_that_cannot_force_folders_is_good_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync = os.fsync

    def picky(handle: int) -> None:
        if Path(f"/proc/self/fd/{handle}").resolve().is_dir():
            raise OSError(errno.EINVAL, "Invalid argument")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", picky)
    write_bytes(tmp_path / "new" / "file", b"content")

    assert (tmp_path / "new" / "file").read_bytes() == b"content"


def test_a_folder_inside_is_inside_and_a_link_is_not(tmp_path: Path) -> None:
    make_folder(tmp_path / "out" / "studies")
    require_inside(tmp_path / "out" / "studies" / "new", tmp_path / "out")
    (tmp_path / "out" / "studies" / "link").symlink_to(tmp_path)

    with pytest.raises(OutputError, match="OUT_LINK"):
        require_inside(tmp_path / "out" / "studies" / "link" / "deep", tmp_path / "out")
    (tmp_path / "out" / "report").write_bytes(b"")
    with pytest.raises(OutputError, match="report is a link or a file"):
        require_inside(tmp_path / "out" / "report" / "assets", tmp_path / "out")
