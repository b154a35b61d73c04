"""Nobody real is in here, and nothing of the machines that built it."""

import hashlib
import re

from tests.architecture.source import ROOT, text_of, tracked

# The SHA-256 of the thirteen real people, the three firms and the two puns on real names that reports about the
# model district mention, by their length in signs. They are kept as hashes so that they do not stand here either.
REAL = {
    2: {
        "2d4f7731c8e518b2ad3f8471769678bfa83204646c27d2e5ce8c62bf4ab03093",
        "7341d56a49351bb95ec3c6202d0ebd44a8c74dff8e68eb44a6a36bb56f9f3cba",
        "d6e0a359515413999290d187d7adf3698c454f147f53fbcdfbae1c63c9b07a06",
    },
    3: {
        "02e6089f9a8289eb8a9ab3e2cf6cfea3912a0dd25c000a16065f44d3abf2367b",
        "1cb2c3f1d1b2f6b8c814a6ff8c334354ca879df92476ceeeaf2bade2d5a88251",
        "42043b5949af6f8e01ccc8eb34cf7cac707df2b7cc9f9c525143a13f3b0c17c8",
        "5621282d3136474d99445b672fb3aa2889477f955dd609f4c86a61aa8834c392",
        "5b141da2f4f59b6b0112d1b30f05d8fa6099117d167a6b0ba1a59a2702e1ff10",
        "5db8a6ddedfcfa6381ac5a928abeaccdda588f165106b1369006f80db48afa4f",
        "6c391387bb0b4c09473145dd2370a3349c000adbbee7c9bd39b22b5e8e413a6d",
        "9bb2f8bc7d0466028bfe6fad22e5fb71a836b9460c44de4962513583b8bf9e94",
        "cb1f130e187698666a064d8874c7d36adca6c0280240843d2637a2b105cb6c15",
        "d7f94c5ab7a137053e00783a860afba0eb84411f53ac957955f19f49cfcfa2b8",
    },
    4: {
        "0d35fde893e53bf77a87c34c73e38415f92c0b24ccdb88744c83d01b0b2e273b",
        "7ef117cfe0aff738a1b70acb88cdb1e452e4b52fb077b54d824eba22f7d1e7f1",
    },
    5: {
        "301141caa07e544af43034bfef069a0b6cf3562cbfaf53299a597f702fad06ff",
    },
    8: {
        "8ccbda321db807db172688d0ce015155c5b7afcf742fa6adcbbd4fe1c375927e",
    },
    9: {
        "147082edb1268869cc0c872ad9228290c348398f364d4fb5f1fb1e73fe077bc5",
    },
}

# Registries and machines. Written with a gap, so that this file does not find itself.
MARKS = [
    mark.replace("~", "")
    for mark in (
        "py~pi.org", "python~hosted.org", "npm~js.org", "deb.debian~.org", "--index~-url", "INDEX~_URL",
        "/wo~rk/", "/tm~p/", "/ro~ot/", "/Us~ers/",
    )
]  # fmt: skip


def real_names(text: str) -> set[str]:
    """Return the hashes of real names in `text`, with or without blanks and line ends inside."""
    found = set()
    for run in set(
        re.findall(r"[\u3400-\u9fff]{2,}", re.sub(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])", "", text))
    ):
        for length, hashes in REAL.items():
            pieces = (run[start : start + length] for start in range(len(run) - length + 1))
            found |= hashes & {hashlib.sha256(piece.encode()).hexdigest() for piece in pieces}
    return found


def test_the_block_list_finds_what_it_should(monkeypatch):
    monkeypatch.setitem(REAL, 3, {hashlib.sha256("毛小豆".encode()).hexdigest()})
    assert real_names("代表毛小\n豆到会")
    assert not real_names("代表毛小花到会")


def test_nobody_real_is_named():
    named = {str(path.relative_to(ROOT)): real_names(text_of(path) + path.name) for path in tracked()}
    assert {path: names for path, names in named.items() if names} == {}


def test_no_registry_and_no_machine_is_named():
    wrong = [
        f"{path.relative_to(ROOT)}: {mark}" for path in tracked() for mark in MARKS if mark in text_of(path)
    ]
    assert wrong == []
