"""The corpus of the coverage-guided fuzzer, which is replayed as goal 2 (tests/soak)."""

from pathlib import Path

import pytest

from tests.hostile.targets import TARGETS, tried, whole_files


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_an_error_that_is_not_ours_is_a_finding(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The judge itself: a target that raises is told."""

    def broken(content: bytes, folder: Path) -> None:
        raise ZeroDivisionError(name, content, folder)

    monkeypatch.setitem(TARGETS, name, broken)

    assert "ZeroDivisionError" in tried(TARGETS[name], b"", tmp_path)


def test_the_whole_files_of_the_corpus_are_read_by_their_readers(tmp_path: Path) -> None:
    from quant.images.labels import read_label_file
    from quant.images.markups import read_markups
    from quant.pipeline.protocols import load_protocol

    nifti, packed, nrrd, mha, marks, _, settings, *_ = whole_files()
    for name, content in (
        ("liver.nii", nifti), ("liver.nii.gz", packed), ("liver.seg.nrrd", nrrd), ("liver.mha", mha)
    ):  # fmt: skip
        (tmp_path / name).write_bytes(content)
        (shape,) = read_label_file(tmp_path / name)
        assert (shape.weights > 0).sum() == 18, name
    (tmp_path / "a.mrk.json").write_bytes(marks)
    assert [one.name for one in read_markups(tmp_path / "a.mrk.json")] == ["liver"]
    (tmp_path / "a.toml").write_bytes(settings)
    assert load_protocol(str(tmp_path / "a.toml")).liver_sphere.volume_ml == 25.0
