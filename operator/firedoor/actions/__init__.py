"""The verbs: one file per containment, each beside its reverse and the permissions that it needs.

The controller calls them with what its plan says. They decide nothing, know nothing of each other, and change an
object only together with the record of what it was. A Conflict means that the world moved: look again and plan anew.
"""
