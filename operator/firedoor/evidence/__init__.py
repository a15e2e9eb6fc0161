"""The record: what is captured, how it is kept, and how anyone can check it.

The collector (a Job of its own, that reads, and may put a helper of ours beside a suspect) fills a bag; bag, custody and
verify stand on hashing alone, so that whoever checks needs nothing of the rest. Captured bytes are never changed,
deleted, extracted or rendered.
"""
