"""The commands: each starts one of firedoor's processes or answers a person; none decides anything."""
