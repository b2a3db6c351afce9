"""Check a built wheel: its size, and that what must be inside is inside, and nothing beside it.

Usage: ``python .ci/check_wheel.py dist/tensorgrok-0.1.0-py3-none-any.whl``
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

LIMIT = 500_000  # bytes
PACKAGES = ("tensorgrok", "tensorgrok_cupy", "tensorgrok_numpy")
REQUIRED = (
    *(f"{package}/{name}" for package in PACKAGES for name in ("__init__.py", "py.typed")),
    "tensorgrok/datasets/digits.npz",
    "tensorgrok/datasets/LICENSE",
    "tensorgrok/testing/backend_contract/conftest.py",
    "tensorgrok/views/page.css",
    "tensorgrok/views/page.js",
    "tensorgrok_cupy/_philox.py",
)
UNWANTED = (".pyc", ".pyo", ".so", ".ipynb")


def faults(path: Path) -> list[str]:
    """What is wrong with a wheel, one sentence each."""
    found = []
    size = path.stat().st_size
    if size >= LIMIT:
        found.append(f"it has {size:,} bytes; {LIMIT:,} are too many")
    with zipfile.ZipFile(path) as wheel:
        names = wheel.namelist()
    top = {name.split("/")[0] for name in names}
    packages = sorted(name for name in top if not name.endswith(".dist-info"))
    if packages != sorted(PACKAGES):
        found.append(f"its top-level names are {packages}, not {sorted(PACKAGES)}")
    found += [f"{name} is missing" for name in REQUIRED if name not in names]
    licences = [name for name in names if ".dist-info/licenses/" in name]
    if not any(name.endswith("licenses/LICENSE") for name in licences):
        found.append("the licence of the package is missing")
    found += [f"{name} does not belong there" for name in names if name.endswith(UNWANTED)]
    return found


def main() -> int:
    """Check the wheel named on the command line; 1 if anything is wrong with it."""
    path = Path(sys.argv[1])
    found = faults(path)
    for fault in found:
        print(f"{path.name}: {fault}")
    if not found:
        print(f"{path.name}: {path.stat().st_size:,} bytes of at most {LIMIT:,}, all is there")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
