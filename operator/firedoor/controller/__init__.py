"""The controller: watch, work queue, reconcile, report. The only importer of kopf; imports everything but intake and cli.

`kopf run -m firedoor.controller` and `firedoor run` start it; importing it registers the handlers and does nothing else.
"""

from firedoor.controller import watch

__all__ = ["watch"]
