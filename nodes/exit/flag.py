import msgspec

from engine.node import Node
from engine.values import ByteColumn, ExitPolicy, Exits
from engine.values import Flag as FlagColumn
from nodes.kernels.flags import either


class Flag(Node, frozen=True, tag="exit.flag"):
    """Closes a position at market when a flag is true.

    In: exit_long, exit_short, flags that close longs and shorts; policy, rules this one is added to.
    Out: exit policy; where it had such a flag already, either one closes; an unknown flag does not close.
    """

    synonyms = ("close", "signal exit", "strategy exit")

    def compute(
        self,
        exit_long: FlagColumn | None = None,
        exit_short: FlagColumn | None = None,
        policy: Exits | None = None,
    ) -> Exits:
        policy = policy or ExitPolicy()
        return msgspec.structs.replace(
            policy,
            exit_long=_joined(policy.exit_long, exit_long),
            exit_short=_joined(policy.exit_short, exit_short),
        )


def _joined(earlier: ByteColumn | None, more: ByteColumn | None) -> ByteColumn | None:
    if earlier is None or more is None:
        return more if earlier is None else earlier
    return either(earlier, more)
