import pytest

from liaison_app.core.tokens import digest, is_stamp, make, stamp


def test_a_link_is_the_same_each_time_and_another_for_each_thing(app):
    tokens = {
        make(purpose, id, generation)
        for purpose in ("ticket", "feed")
        for id in (1, 11)
        for generation in (0, 1)
    }
    assert len(tokens) == 8
    assert make("ticket", 1) in tokens
    assert {len(token) for token in tokens} == {27}


def test_a_digest_takes_whatever_stands_in_an_address(app):
    assert len({digest(text) for text in ("", "a", "天", "\udcff", "\x00")}) == 5


def test_a_stamp_is_good_for_its_purpose_and_never_given_twice(app):
    one, other = stamp("signup:a"), stamp("signup:a")
    assert one != other
    assert is_stamp("signup:a", one)
    assert not is_stamp("signup:b", one)


@pytest.mark.parametrize("text", ["", ".", "a.b", "天.地", "\udcff.\udcff", "a" * 10_000])
def test_nobody_else_makes_a_stamp(app, text):
    assert not is_stamp("signup:a", text)


def test_a_changed_stamp_is_none(app):
    nonce, _, seal = stamp("signup:a").partition(".")
    assert not is_stamp("signup:a", f"{nonce}x.{seal}")
    assert not is_stamp("signup:a", f"{nonce}.{seal[:-1]}")
