"""Which of cyclonus's cases are judged, on how many pods and ports. Pure; `judge` turns a group into a command line.

cyclonus connects every pod with every other on every port and protocol, one exec each, so a group has only the pods and
ports that its cases tell apart. Together the groups hold each case that needs no SCTP exactly once.
"""

from dataclasses import dataclass

UNSPEAKABLE = ("sctp",)
"""Cases for a protocol that kernels without CONFIG_IP_SCTP have no sockets for."""


@dataclass(frozen=True)
class Group:
    """Cases that share their pods."""

    name: str
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    """What other groups have."""
    long: tuple[str, ...] = ()
    """Left out unless a full run is asked for: combinations of what the others try one by one."""
    only_full: bool = False
    namespaces: tuple[str, ...] = ("x", "y", "z")
    pods: tuple[str, ...] = ("a", "c")
    protocols: tuple[str, ...] = ("TCP",)
    ports: tuple[str, ...] = ("80", "81")
    destination: str = "pod-ip"

    def options(self, full: bool) -> list[str]:
        """The group as options of `cyclonus generate`."""
        exclude = (*UNSPEAKABLE, *self.exclude, *(() if full else self.long))
        lists = {
            "include": self.include,
            "exclude": exclude,
            "namespace": self.namespaces,
            "pod": self.pods,
            "server-protocol": self.protocols,
            "server-port": self.ports,
        }
        return [*(f"--{name}={','.join(values)}" for name, values in lists.items()), f"--destination-type={self.destination}"]


GROUPS = (
    Group(
        "ports",
        include=("port", "any-port-protocol", "update-policy"),
        exclude=("upstream-e2e",),
        long=("multi-port/protocol",),
        namespaces=("x", "z"),
        protocols=("TCP", "UDP"),
    ),
    Group(
        "peers",
        include=("any-peer", "peer-pods", "peer-ipblock", "deny-all", "allow-all", "multi-peer"),
        exclude=("port", "conflict", "upstream-e2e"),
        long=("multi-peer",),
        ports=("80",),
    ),
    # These policies select pods b and c; the address blocks of cyclonus come from pod c in namespace z.
    Group("conflicts", include=("conflict",), exclude=("upstream-e2e",), pods=("b", "c"), ports=("80",)),
    Group("changes", include=("action",), exclude=("update-policy", "upstream-e2e"), pods=("a", "b", "c"), ports=("80",)),
    Group("upstream", include=("upstream-e2e", "example"), exclude=(), pods=("a", "b", "c"), only_full=True),
    # The only one through Services: cyclonus forgets a Service's address when a pod is made or its labels change.
    Group("services", include=("target",), exclude=(), protocols=("TCP", "UDP"), ports=("80",), destination="service-ip"),
)
