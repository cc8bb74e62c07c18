"""Private attributes: by their creator, in any block, or flagged."""

from quant.dicom.files.private import PRIVATE_TAGS, private_facts

CREATOR = b"Philips PET Private Group "


def element(group: int, number: int, value: bytes, vr: str = "LO") -> dict[int, tuple[str, bytes]]:
    return {group << 16 | number: (vr, value)}


def test_the_block_of_the_creator_counts() -> None:
    found = private_facts(
        element(0x7053, 0x0010, b"OTHER")
        | element(0x7053, 0x00A3, CREATOR)
        | element(0x7053, 0x1000, b"7", "DS")
        | element(0x7053, 0xA300, b"0.5 ", "DS")
    )
    assert found == {"PhilipsSUVScaleFactor": 0.5}


def test_letter_case_and_padding_of_a_creator_do_not_matter() -> None:
    found = private_facts(
        element(0x0009, 0x0010, b"gems_petd_01\0") | element(0x0009, 0x100D, b"20240314120000")
    )
    assert found == {"GEScanDateTime": "20240314120000"}


def test_a_creator_without_the_element_in_its_block_does_not_lend_block_10() -> None:
    elements = element(0x7053, 0x0010, b"OTHER") | element(0x7053, 0x0011, CREATOR)
    assert private_facts(elements | element(0x7053, 0x1009, b"3", "DS")) == {}


def test_of_two_blocks_of_one_creator_the_one_with_the_element_counts() -> None:
    found = private_facts(
        element(0x7053, 0x0010, CREATOR)
        | element(0x7053, 0x0011, CREATOR)
        | element(0x7053, 0x1109, b"3", "DS")
    )
    assert found == {"PhilipsActivityScaleFactor": 3.0}


def test_lost_creators_and_lost_types_are_named() -> None:
    found = private_facts(element(0x7053, 0x1009, b"2.5", "DS"))
    assert found["PrivateFallback"] == ("PhilipsActivityScaleFactor: no creator",)
    found = private_facts(element(0x7053, 0x0010, CREATOR) | element(0x7053, 0x1009, b"2.5", "UN"))
    assert found["PrivateFallback"] == ("PhilipsActivityScaleFactor: VR UN",)


def test_values_that_are_no_values_are_absent() -> None:
    for value in (b"", b"  ", b"nan", b"inf", b"a lot", b"1\\2", b"\x00\x01\x02\x03"):
        assert private_facts(element(0x7053, 0x1000, value, "UN")) == {}
    assert private_facts(element(0x0009, 0x100D, b"\x01\x02\x03", "UN")) == {}
    assert private_facts({}) == {}


def test_tags_are_those_of_creators_and_of_the_attributes_in_any_block() -> None:
    assert {0x00090010, 0x000900FF, 0x0009FF0D, 0x70531000, 0x7053C709} <= PRIVATE_TAGS
    assert 0x70531001 not in PRIVATE_TAGS
