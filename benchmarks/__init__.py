"""How long things take: the same work by tensorgrok, by hand-written NumPy and by its peers.

``work`` says how things are timed, ``tasks`` which training steps everybody takes, ``peers`` how
each of them does it, ``catalogue`` what is timed in all, and ``report`` makes it into tables and
plots. ``python -m tensorgrok bench`` and ``python -m pytest benchmarks`` run it.
"""
