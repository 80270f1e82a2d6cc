"""Graph documents as SVG: large with everything on it (`draw`), small for a list (`picture`).

Nothing is left out: a node of an unknown type is drawn as a ghost, a broken wire dashed to where it points.
"""

from server.drawing.legend import kinds_in, tones
from server.drawing.levels import Crumb, Level, level_at
from server.drawing.picture import picture
from server.drawing.sheet import Sheet, sheet_of
from server.drawing.svg import draw

__all__ = ["Crumb", "Level", "Sheet", "draw", "kinds_in", "level_at", "picture", "sheet_of", "tones"]
