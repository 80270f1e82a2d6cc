"""What runs a graph bar by bar: the columns of dry run and live."""

from engine.live.columns import LiveColumns
from engine.live.join import joined

__all__ = ["LiveColumns", "joined"]
