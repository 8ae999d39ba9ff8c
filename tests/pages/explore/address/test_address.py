"""The address of a view: what it holds is read back, whatever else is in it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pages.explore.address import Address, decode, decode_mask, encode, encode_mask

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
wholes = st.integers(0, 10**18 - 1)
addresses = st.builds(
    Address,
    set=st.just("") | texts,
    content=st.just("") | texts,
    layer=st.none() | texts,
    within=st.lists(texts, max_size=3).map(tuple),
    method=st.none() | texts,
    dims=st.none() | wholes,
    params=st.lists(st.tuples(texts, st.text(max_size=9)), max_size=4).map(tuple),
    seed=st.none() | wholes,
    color=st.none() | texts,
    named=st.lists(texts, max_size=4).map(tuple),
    granularity=st.none() | st.integers(0, 20).map(lambda step: step / 20),
    scaled=st.none() | st.just(True),
    palette=st.none() | texts,
    ramp=st.none() | texts,
    reversed=st.none() | st.just(True),
    scale=st.none() | texts,
    own_colors=st.lists(
        st.tuples(texts, st.integers(0, 0xFFFFFF).map(lambda color: f"#{color:06x}")), max_size=4
    ).map(tuple),
    point_size=st.none() | st.integers(2, 40).map(lambda step: step / 10),
    opacity=st.none() | st.integers(1, 20).map(lambda step: step / 10),
    size_by=st.none() | texts,
    labels=st.none() | texts,
    density=st.none() | texts,
    thumbnails=st.none() | st.just(False),
    hidden=st.frozensets(st.integers(0, 255), max_size=5).map(lambda codes: tuple(sorted(codes))),
    filter=st.just("") | texts,
    hide_rest=st.booleans(),
    row=st.none() | wholes,
    selection=st.just("") | texts,
    selected=st.just("") | texts,
    held=st.just("") | texts,
    held_name=st.just("") | texts,
    query=st.just("") | texts,
    expression=st.just("") | texts,
    only=st.booleans(),
    similar=st.none() | texts,
    locked=st.none() | wholes,
    metric=st.none() | texts,
    k=st.none() | wholes,
    table=st.none() | st.just(True),
    sort=st.just("") | texts,
    descending=st.booleans(),
    page=wholes,
)


@given(addresses)
@settings(deadline=None)
def test_an_address_is_read_as_it_was_written(address: Address) -> None:
    assert decode(encode(address)) == address


def test_what_is_at_its_default_is_not_written() -> None:
    assert encode(Address()) == {}
    assert encode(Address(set="gallery:digits", row=0)) == {"set": "gallery:digits", "row": "0"}


def test_own_colors_are_short_in_an_address() -> None:
    own = (("cats, dogs", "#0b6bcb"), ("x:y", "#ff0000"))
    assert encode(Address(own_colors=own)) == {"own_colors": "cats%2C%20dogs:0b6bcb,x%3Ay:ff0000"}


@given(st.dictionaries(st.sampled_from([*Address.__annotations__, "camera", "x"]), st.text()))
def test_any_text_is_an_address(params: dict[str, str]) -> None:
    address = decode(params)
    assert decode(encode(address)) == address


@pytest.mark.parametrize(
    "params",
    [
        {"row": "9" * 5_000}, {"row": "²"}, {"row": "-1"}, {"dims": "two"}, {"k": ""},
        {"granularity": "nan"}, {"granularity": "2"}, {"hidden": "1,x"}, {"scaled": "0"},
        {"point_size": "0"}, {"point_size": "1e9"}, {"opacity": "nan"},
        {"thumbnails": "1"}, {"own_colors": "a"}, {"own_colors": "a:red,b:12345,c:%23123456"},
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_ignored(params: dict[str, str]) -> None:
    assert encode(decode(params)) == {}


@given(arrays(bool, st.integers(1, 200)))
def test_a_mask_is_read_as_it_was_written(mask: np.ndarray) -> None:
    found = decode_mask(encode_mask(mask), len(mask))
    assert found is not None and np.array_equal(found, mask)


@pytest.mark.parametrize("text", ["", "x", "!!!!", "AAAA", "é", encode_mask(np.ones(99, bool))])
def test_a_text_that_is_no_mask_of_the_rows_is_refused(text: str) -> None:
    assert decode_mask(text, 40) is None


def test_a_mask_is_not_unpacked_beyond_its_rows() -> None:
    bomb = encode_mask(np.zeros(80_000_000, bool))
    assert decode_mask(bomb, 40) is None


def test_a_mask_is_short_enough_for_an_address() -> None:
    mask = np.zeros(100_000, bool)
    mask[40_000:52_000] = True
    assert len(encode_mask(mask)) < 100
