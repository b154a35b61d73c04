from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liaison_app.limits import rules
from liaison_app.limits.rules import MISSED_LINK, PUBLIC_WRITE, Limit

THREE = Limit("three", 3, timedelta(seconds=10))


def used(limit: Limit, moments: list[int]) -> list[bool]:
    """Say of each moment, in milliseconds, whether a use was allowed then."""
    full_at, allowed = 0, []
    for now in moments:
        is_allowed = rules.wait_ms(limit, full_at, now) == 0
        if is_allowed:
            full_at = max(full_at, now) + rules.every_ms(limit)
        allowed.append(is_allowed)
    return allowed


def test_a_burst_passes_and_the_next_one_waits():
    assert used(THREE, [0, 0, 0, 0, 9_999, 10_000, 10_000]) == [True, True, True, False, False, True, False]


def test_what_rested_long_enough_has_its_whole_burst_again():
    assert used(THREE, [0, 0, 0, 30_000, 30_000, 30_000, 30_000]) == [True] * 6 + [False]


@given(st.lists(st.integers(0, 200_000), max_size=60).map(sorted))
def test_no_span_of_time_allows_more_than_the_burst_and_what_came_back(moments):
    allowed = [at for at, yes in zip(moments, used(THREE, moments), strict=True) if yes]
    for n, start in enumerate(allowed):
        for m, end in enumerate(allowed[n:], 1):
            assert m <= THREE.burst + (end - start) // rules.every_ms(THREE)


@pytest.mark.parametrize(
    ("address", "other", "are_one"),
    [
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("203.0.113.7", "::ffff:203.0.113.7", True),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
    ],
)
def test_a_network_is_one_visitor(address, other, are_one):
    one, two = (rules.network(it, PUBLIC_WRITE) for it in (address, other))
    assert (one == two) is are_one


def test_the_machine_itself_is_counted_only_where_a_limit_says_so():
    assert rules.network("127.0.0.1", PUBLIC_WRITE) is None
    assert rules.network("::1", PUBLIC_WRITE) is None
    assert rules.network("127.0.0.1", MISSED_LINK)
