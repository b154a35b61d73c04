"""What a browser reads out of a form before it sends it."""

import re


def token_of(page: str) -> str:
    """Return the one-time mark of the form on a page."""
    (found,) = set(re.findall(r'name="form_token"[^>]*value="([^"]+)"', page))
    return found
