"""A series says nothing of anybody."""

from liaison_app.core.personal import excuse

from .models import Series

excuse("what the office says of its meetings in public", Series.title)
