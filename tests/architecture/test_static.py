import hashlib
from importlib.resources import files

# htmx 2.0.3 as its makers published it.
HTMX = "491955cd1810747d7d7b9ccb936400afb760e06d25d53e4572b64b6563b2784e"


def test_htmx_is_the_file_we_looked_at():
    script = files("js_lib_htmx") / "static" / "htmx" / "htmx.min.js"
    assert hashlib.sha256(script.read_bytes()).hexdigest() == HTMX
