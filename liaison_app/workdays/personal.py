"""What the working calendar holds: nothing about anybody."""

from liaison_app.core.personal import excuse

from .models import CalendarDay

excuse("what a holiday is called", CalendarDay.name)
