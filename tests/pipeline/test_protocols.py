"""Protocols: shipped ones load, files extend them, mistakes are named."""

from pathlib import Path

import pytest

from quant.domain.protocol import PeakRule
from quant.domain.region import RasterRule
from quant.errors import ProtocolError
from quant.pipeline.protocols import load_protocol, protocol_hash, settings_of, shipped_names


def _file(tmp_path: Path, text: str, name: str = "mine.toml") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_protocols_are_those_of_the_contract() -> None:
    assert shipped_names() == ("ibsi", "zhou2025")


def test_zhou2025_has_the_spheres_of_the_paper() -> None:
    protocol = load_protocol("zhou2025")

    assert protocol.liver_sphere.volume_ml == 30.0
    assert protocol.muscle_sphere.volume_ml == 10.0
    assert protocol.regions.rule is RasterRule.FRACTIONAL


def test_a_file_may_extend_a_shipped_protocol_and_change_one_setting(tmp_path: Path) -> None:
    path = _file(tmp_path, 'extends = "ibsi"\n[morphology]\ngrid_mm = 3.0\n')

    protocol = load_protocol(path)

    assert protocol.morphology.grid_mm == 3.0
    assert protocol.regions.rule is RasterRule.CENTRE
    assert protocol.uptake.peak_rule is PeakRule.CENTRES
    assert protocol_hash(protocol) != protocol_hash(load_protocol("ibsi"))


def test_a_file_may_extend_another_file_beside_it(tmp_path: Path) -> None:
    _file(tmp_path, 'extends = "zhou2025"\n[muscle_sphere]\nadaptive = true\n', "base.toml")
    path = _file(tmp_path, 'extends = "base.toml"\nname = "infants"\n')

    protocol = load_protocol(path)

    assert protocol.name == "infants"
    assert protocol.muscle_sphere.adaptive
    assert protocol.muscle_sphere.volume_ml == 10.0


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('extends = "ibsi"\n[morphology]\ngrid = 3.0\n', r"morphology\.grid"),
        ('extends = "ibsi"\n[liver_sphere]\nvolume_ml = -1\n', r"liver_sphere\.volume_ml"),
        ('extends = "ibsi"\n[liver_sphere]\nvolume_ml = nan\n', r"liver_sphere\.volume_ml"),
        ('extends = "nowhere"\n', "nowhere"),
        ('extends = "mine.toml"\n', "extends"),
        ("[liver_sphere\n", "TOML"),
    ],
)
def test_a_mistake_is_refused_and_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ProtocolError, match=named):
        load_protocol(_file(tmp_path, text))


def test_every_setting_has_a_meaning_and_a_source() -> None:
    rows = list(settings_of(load_protocol("zhou2025")))

    assert len(rows) > 20
    for name, value, description, source in rows:
        assert description, name
        assert source, name
        assert value != "" or name == "description"
