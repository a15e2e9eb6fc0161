"""The alert receiver: a process and an account of its own that may look a pod up and store an incident, nothing else.

Authenticates the raw request before it parses anything, answers 200 only when what came is stored, and never guesses a
target. Everything in an alert is hostile: it is looked up, cut and stored, and decides nothing.
"""
