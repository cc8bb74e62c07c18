"""highdicom's table of the standard: the same content, read by the module."""

import json
import subprocess
import sys
from pathlib import Path

import highdicom
import pytest

from quant.dicom.objects.standard import FILE, Modules

TABLE = Path(highdicom.__file__).parent / FILE

USE = """
from quant.dicom.objects.standard import lighten
assert lighten()
from highdicom import _standard_utils, base, image
(table,) = {id(one.get_module_attribute_map()): one.get_module_attribute_map()
            for one in (_standard_utils, base, image)}.values()
assert _standard_utils.is_attribute_in_iod("ContentDate", "1.2.840.10008.5.1.4.1.1.66.4")
assert not _standard_utils.is_attribute_in_iod("PixelSpacing", "1.2.840.10008.5.1.4.1.1.88.34")
print(type(table).__name__)
"""


def test_every_module_reads_as_in_the_whole_table() -> None:
    """Keys in their order, and every attribute of each."""
    whole = json.loads(TABLE.read_text(encoding="utf-8"))

    modules = Modules(TABLE)

    assert list(modules) == list(whole)
    assert dict(modules) == whole


def test_highdicom_asks_the_lighter_table() -> None:
    """In all places that hold the function (a process of its own: it stays so)."""
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", USE], capture_output=True, check=True, encoding="utf-8"
    )

    assert done.stdout.strip() == "Modules"


@pytest.mark.parametrize("text", ['{"a": [], "b": []}', "[]", '{\n "a": []\n}'])
def test_a_table_of_another_layout_is_refused(tmp_path: Path, text: str) -> None:
    """It must not be read wrongly: highdicom then keeps its own way."""
    (tmp_path / "table.json").write_text(text, encoding="utf-8")

    with pytest.raises(ValueError, match=r"table\.json"):
        Modules(tmp_path / "table.json")
