"""Bodies are no people: their names and numbers are public."""

from liaison_app.core.personal import excuse

from .models import Alias, OrgUnit

excuse("a public body", OrgUnit.name, OrgUnit.short_name, OrgUnit.phone, Alias.name)
