"""What a check of the installation says: its name, whether all is well, and why in words."""

Check = tuple[str, bool, str]
