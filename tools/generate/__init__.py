"""Everything that is made from the models and the rules: CRDs, the chart's copies and roles, and the reference pages.

`make generate` writes it, `make check` compares it. The code is the single source; what is written here is never edited.
"""
