"""Views of a bag for people and their tools: a timeline, a bodyfile, a report. Derived, never evidence themselves.

The collector writes them before it seals. They read what was captured as hostile, in bounds, and change nothing of it.
"""
