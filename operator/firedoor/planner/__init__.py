"""The decisions: situation, guards, containment, release, verdict and report.

Pure functions of frozen values: no I/O, no clock, no logging, no asyncio. The controller calls them; the CLI prints
the same plans. Nothing here knows how a step is carried out.
"""
