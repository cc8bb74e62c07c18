"""The mutator itself; what it makes is tried as goal 1 (tests/soak)."""

from tests.support.mutator import CHANGES, mutant


def test_a_number_always_gives_the_same_damaged_file_and_every_kind_of_damage_occurs() -> None:
    again = [mutant(number) for number in range(300)]

    assert [one.content for one in again] == [mutant(number).content for number in range(300)]
    assert {name for one in again for name in one.changes} == {one.__name__ for one in CHANGES}
    assert sum(one.content == one.seed.content for one in again) < 30
