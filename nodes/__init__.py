"""The catalogue of nodes: one small file per node, the folder is the palette category."""
