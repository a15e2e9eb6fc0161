"""What the receiver may do: look a pod up anywhere, and store incidents in firedoor's home namespace."""

from firedoor.api import names
from firedoor.api.rbac import Rule

RULES = (Rule(groups=("",), resources=("pods",), verbs=("get",)),)
HOME_RULES = (Rule(groups=(names.GROUP,), resources=(names.INCIDENTS,), verbs=("create", "get")),)
