from typing import Annotated, ClassVar, NamedTuple

import msgspec
import numpy as np

from engine.node import Fold
from engine.values import Direction, Flag, Label, Labels, Number
from nodes.kernels.memory import unpack
from nodes.kernels.spread import REASONS, run_position


class PositionState(msgspec.Struct, frozen=True):
    """The side held (0 = none), the statistics frozen at its entry, and how many bars in a row lacked a price."""

    side: float = 0.0
    beta: float = 0.0
    mean: float = 0.0
    sigma: float = 0.0
    z_entry: float = 0.0
    z_stop: float = 0.0
    z_most: float = 0.0
    misses: float = 0.0


class PositionPorts(NamedTuple):
    """What happens to the position at each bar, why, and the statistics it is judged by."""

    enter: Direction
    held: Direction
    exit: Flag
    reason: Label
    alert: Flag
    z: Number
    spread: Number
    stop: Number
    target: Number
    beta: Number
    mean: Number
    sigma: Number
    z_entry: Number
    z_stop: Number
    z_most: Number


class Position(Fold, frozen=True, tag="spread.position"):
    """Holds one position in a spread and says when it ends, judged by the statistics of its entry.

    In: direction of the spread, z, beta, mean, sigma, z_stop, z_most, all of which are frozen when direction is +1
    or -1 and nothing is held; x, y, the prices of both markets, both needed for a judgement.
    Out: enter, the side at the bar of an entry; held, the side after each bar; exit, true at the bar that ends it;
    reason, at each bar flat, entered, holding, or in this order: divergence_blowup (z moved against the position by
    more than `divergence` since the entry), max_spread_deviation_exceeded (z_most reached on that side), sl_hit
    (z_stop reached), z_score_exit (|z| at most `z_exit`, or z beyond the mean), and data_missing where a price is,
    which never ends it; alert, true from `alert_after` bars without a price on; z and spread now, stop and target
    in the spread at every bar, and the frozen values (unknown while flat). All unknown where a trade is.
    Source: DOMAIN 4.3, exits.
    """

    State: ClassVar[type[msgspec.Struct]] = PositionState
    synonyms = ("should exit", "pairs trading", "spread trade", "monitor")

    z_exit: Annotated[float, msgspec.Meta(ge=0, le=20, title="z at the exit", description="standard deviations")] = 0.5
    divergence: Annotated[
        float, msgspec.Meta(ge=0, le=100, title="Divergence", description="z against the position since entry; 0 = off")
    ] = 4.0
    alert_after: Annotated[
        int, msgspec.Meta(ge=1, le=10_000, title="Alert after", description="bars in a row without a price")
    ] = 3

    def step(  # noqa: PLR0913  its ports
        self, state: PositionState, direction: Direction, z: Number, beta: Number, mean: Number, sigma: Number,
        z_stop: Number, z_most: Number, x: Number, y: Number,
    ) -> tuple[PositionState, PositionPorts]:  # fmt: skip
        rows, held = len(direction), unpack(state)
        said, out = np.empty((5, rows), np.int8), np.empty((8, rows))
        given = np.stack((x, y, z, beta, mean, sigma, z_stop, z_most))
        rules = np.array([self.z_exit, self.divergence, self.alert_after])
        run_position(np.ascontiguousarray(direction), given, rules, held, said, out)
        now, spread, beta, mean, sigma, z_entry, z_stop, z_most = out
        enter, side, leave, alert, reason = said
        ports = PositionPorts(
            enter=enter, held=side, exit=leave, reason=Labels(reason, REASONS), alert=alert, z=now, spread=spread,
            stop=mean + np.sign(z_entry) * z_stop * sigma, target=mean, beta=beta, mean=mean, sigma=sigma,
            z_entry=z_entry, z_stop=z_stop, z_most=z_most,
        )  # fmt: skip
        return PositionState(*held.tolist()), ports
