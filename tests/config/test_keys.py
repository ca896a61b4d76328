"""Configuration values as text."""

from fuzzing import examples
from hypothesis import given, settings
from hypothesis.strategies import floats

from spectral_bench.config.keys import as_typed

finite = floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=examples(300))
@given(finite)
def test_a_number_is_typed_with_all_of_its_digits(number: float) -> None:
    assert float(as_typed(number)) == number


def test_a_number_is_typed_with_no_more_digits_than_it_has() -> None:
    assert [as_typed(number) for number in (0.001, 1e-5, 0.1, 5.0, 1234567.0)] == [
        "0.001",
        "1e-05",
        "0.1",
        "5",
        "1234567",
    ]
