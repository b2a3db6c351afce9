"""Random programs: straight lines of steps over all operations, made, checked, shrunk, printed.

``table`` says what a step is, the modules ``steps_*`` list them, ``program`` is a program as data,
``generate`` makes one from a seed, ``check`` compares its derivatives with finite differences,
``peer`` all of it with PyTorch, and ``shrink`` makes a program that fails as small as it gets.
"""

from __future__ import annotations
