"""What looks at a suspect from inside its pod: reads /proc and files, and tells what it saw as frames on its output.

Runs in an ephemeral container beside the suspect, as the suspect's own user, and stands on the standard library alone.
It changes nothing, executes nothing, follows no link out of the suspect's root and holds no more than a block in memory.
Whoever shares its user can disturb it: what it says is bounded and checked again by the collector.
"""
