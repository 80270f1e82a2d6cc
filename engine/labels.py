"""A category per bar: regime, structure, the name of a pattern."""

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray


class Labels(msgspec.Struct, frozen=True):
    """One of `names` at each bar.

    `codes` are int8 indices into `names`, UNKNOWN (-128) = not yet known.  `names` are a constant of the node: they
    never depend on the values, so that a cut history has the same.
    """

    codes: NDArray[np.int8]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.codes)

    def at(self, row: int) -> str | None:
        """The name at a bar, None where it is not yet known."""
        code = int(self.codes[row])
        return self.names[code] if code >= 0 else None

    def part(self, start: int, stop: int) -> "Labels":
        """Rows `start` to `stop` as a view."""
        return Labels(self.codes[start:stop], self.names)

    def where(self, name: str) -> Any:
        """A flag column: 1 where the label is `name`, 0 where it is another, UNKNOWN where it is not yet known."""
        code = self.names.index(name) if name in self.names else -1
        return np.where(self.codes < 0, self.codes, self.codes == code).astype(np.int8)
