"""How long things take: pairs of the same work, by tensorgrok and by hand-written NumPy."""
