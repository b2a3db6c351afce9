"""The shape of the code: who may import whom, how long things are, what importing loads."""

from __future__ import annotations

import ast
import graphlib
import io
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]

#: The core from the ground up: a module may import those of the rows before it, and no others.
ROWS = (
    ("elsewhere", "errors", "fallbacks", "vocabulary"),
    ("backend", "numpy_functions"),
    ("registry",),
    ("context",),
    ("graph",),
    ("engine",),
    ("moving", "operators", "plans", "states", "updating"),
    ("cards",),
    ("autodiff",),
    ("arrays", "interop", "tensor_methods"),
    ("tensor_state",),
    ("tensor",),
    ("ops",),
    ("transforms",),
    ("checking",),
)

#: What reads recorded graphs, on the core and below the views.
READING = (
    ("scopes", "symbols", "terms"),
    ("inference", "notation", "roles"),
    ("tidying",),
    ("derivation", "naming"),
    ("folding", "lines"),
    ("backward", "repeats"),
    ("reading",),
)

#: Imports within functions. Each costs too much for ``import tensorgrok`` and is seldom needed.
LATE = {
    ("tensorgrok.registry", "importlib.metadata"),  # when a backend is first looked for
    ("tensorgrok_numpy._rank_update", "scipy.linalg.blas"),  # when a large matrix is updated
    *(  # when CuPy is asked for: its modules may not be there, or not be usable
        ("tensorgrok_cupy._detect", name)
        for name in ("cupy", "cupy.cublas", "array_api_compat.cupy")
    ),
    ("tensorgrok_cupy._detect", "cupy_backends.cuda.libs"),
    *(  # when CuPy was found usable
        ("tensorgrok_cupy", f"tensorgrok_cupy.{name}")
        for name in ("_functions", "_philox", "_products", "_scatter")
    ),
    ("tensorgrok_cupy", "array_api_compat.cupy"),
    ("tensorgrok_cupy", "cupyx"),  # when synchronization is to be refused
    ("tensorgrok_cupy", "cupyx.scipy.special"),  # when the error function is first computed
    ("tensorgrok.cards", "inspect"),  # when somebody asks for the signature of a card
    ("tensorgrok.views.saving", "resvg_py"),  # when a picture is saved as PNG
    ("tensorgrok.numpy_functions", "inspect"),  # when a function of NumPy meets a tensor
}

#: What one has to read to know how tensorgrok works, and the lines of code that may take.
CORE = ("backend", "graph", "cards", "autodiff", "tensor")
CORE_LINES = 1000

#: With the registry of backends, the engine that runs cards and the modes it runs in.
WHOLE_CORE = (*CORE, "registry", "engine", "operators", "context")
WHOLE_CORE_LINES = 1750
FILE_LINES = 450


def may_import() -> dict[str, set[str]]:
    """For each part of the package (a module or subpackage) the parts it may import."""
    table: dict[str, set[str]] = {}
    core: set[str] = set()
    for row in ROWS:
        table |= {part: set(core) for part in row}
        core |= set(row)
    table["nn"] = table["optim"] = table["transforms"]  # on ops and below
    read = set(core)
    for row in READING:
        table |= {part: set(read) for part in row}
        read |= set(row)
    table["views"] = read | {"nn"}
    table["__init__"] = core
    table["data"] = core | {"__init__", "nn", "optim"}
    table["testing"] = table["data"] | {"data"}
    table["cli"] = table["testing"] | read | {"views"}
    table["__main__"] = {"cli"}
    return table


class Import(NamedTuple):
    """One import statement's target, as an absolute name, and where it stands."""

    module: str
    target: str
    line: int
    late: bool

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.target}"


def module_paths() -> dict[str, Path]:
    """Every module of the package and of the shipped backends, by dotted name."""
    found = {}
    for base in (ROOT, ROOT / "backends"):
        for path in sorted(base.glob("tensorgrok*/**/*.py")):
            parts = path.relative_to(base).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = module_paths()


def text_of(module: str) -> str:
    return MODULES[module].read_text(encoding="utf-8")


def children(node: ast.AST) -> Iterator[ast.AST]:
    """What is inside a node, without the blocks that only type checkers read."""
    if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        return iter(node.orelse)
    return ast.iter_child_nodes(node)


def imports(text: str, module: str, is_package: bool) -> Iterator[Import]:
    """All imports of a module but those for type checkers alone."""
    package = module.split(".") if is_package else module.split(".")[:-1]

    def targets(node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield inner if inner in MODULES else base

    def visit(node: ast.AST, late: bool) -> Iterator[Import]:
        for target in targets(node):
            yield Import(module, target, getattr(node, "lineno", 0), late)
        late = late or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for child in children(node):
            yield from visit(child, late)

    return visit(ast.parse(text), False)


def all_imports() -> list[Import]:
    return [
        found
        for module, path in MODULES.items()
        for found in imports(text_of(module), module, path.name == "__init__.py")
    ]


def part(module: str) -> str:
    """The part of the package that a module belongs to: ``ops`` for ``tensorgrok.ops.random``."""
    names = module.split(".")
    return names[1] if len(names) > 1 else "__init__"


def inside(module: str) -> bool:
    return module.split(".")[0] == "tensorgrok"


# Dependencies ----------------------------------------------------------------------------------


def test_scanner_sees_what_is_imported_and_when() -> None:
    text = """
import numpy as np
from . import ops
from .errors import ShapeError
from tensorgrok.ops.random import seed
if TYPE_CHECKING:
    from .tensor import Tensor
else:
    import json
class C:
    async def f(self):
        if True:
            from .nn import Linear
"""
    found = list(imports(text, "tensorgrok.graph", False))
    assert [(i.target, i.late) for i in found] == [
        ("numpy", False),
        ("tensorgrok.ops", False),
        ("tensorgrok.errors", False),
        ("tensorgrok.ops.random", False),
        ("json", False),
        ("tensorgrok.nn", True),
    ]
    deep = imports("from ..ops import random\nfrom . import dot", "tensorgrok.nn.layers", False)
    assert [i.target for i in deep] == ["tensorgrok.ops.random", "tensorgrok.nn"]


def test_every_part_has_its_place_in_the_order() -> None:
    parts = {part(module) for module in MODULES if inside(module)}
    assert parts >= {name for row in ROWS for name in row}
    assert parts <= set(may_import()), "say in may_import() where the new part stands"


def test_dependencies_point_one_way() -> None:
    allowed = may_import()
    wrong = [
        str(found)
        for found in all_imports()
        if inside(found.module) and inside(found.target)
        if part(found.target) not in {part(found.module), *allowed.get(part(found.module), ())}
    ]
    assert not wrong


def test_no_import_cycle() -> None:
    edges: dict[str, set[str]] = {module: set() for module in MODULES}
    for found in all_imports():
        if found.target in MODULES:
            edges[found.module].add(found.target)
    order = list(graphlib.TopologicalSorter(edges).static_order())  # raises CycleError
    assert order.index("tensorgrok.errors") < order.index("tensorgrok.tensor")
    edges["tensorgrok.errors"].add("tensorgrok.tensor")
    with pytest.raises(graphlib.CycleError, match="nodes are in a cycle"):
        graphlib.TopologicalSorter(edges).prepare()


def test_late_imports_are_the_listed_ones() -> None:
    assert {(i.module, i.target) for i in all_imports() if i.late} == LATE
    assert not any(inside(target) for _, target in LATE)


def test_only_the_package_itself_imports_by_name() -> None:
    users = [module for module in MODULES if "import_module" in text_of(module)]
    assert users == ["tensorgrok"]
    assert not [module for module in MODULES if "__import__" in text_of(module)]


def test_backends_stand_on_the_contract_alone() -> None:
    outward = [i for i in all_imports() if not inside(i.module) and inside(i.target)]
    assert len(outward) >= 2
    wrong = [str(i) for i in outward if part(i.target) not in ("backend", "errors")]
    assert not wrong


def test_the_package_imports_no_backend() -> None:
    wrong = [i for i in all_imports() if inside(i.module) and i.target.startswith("tensorgrok_")]
    assert not [str(i) for i in wrong]


# Lengths and documentation ---------------------------------------------------------------------


def code_lines(text: str) -> int:
    """Lines with code on them: no blank line, no comment, no docstring."""
    blank = (
        *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT),
        *(tokenize.ENCODING, tokenize.ENDMARKER),
    )
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in blank:
            lines.update(range(token.start[0], token.end[0] + 1))
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            docstring = node.body[0]
            lines.difference_update(range(docstring.lineno, (docstring.end_lineno or 0) + 1))
    return len(lines)


def test_code_lines_are_counted_without_docstrings_comments_and_blanks() -> None:
    text = '''"""What it is.

More of it.
"""
# why

def function(
    x,  # this one
):
    """What it does."""
    return """a
b"""
'''
    assert code_lines(text) == 5


@pytest.mark.parametrize(("names", "limit"), [(CORE, CORE_LINES), (WHOLE_CORE, WHOLE_CORE_LINES)])
def test_the_core_is_small(names: tuple[str, ...], limit: int) -> None:
    counts = {name: code_lines(text_of(f"tensorgrok.{name}")) for name in names}
    total = sum(counts.values())
    assert total < limit, f"{total} lines of code in the core: {counts}"


def python_files() -> list[Path]:
    folders = ("tensorgrok", "backends", "tests", "benchmarks", ".ci")
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


@pytest.mark.parametrize("path", python_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_file_is_short_and_says_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), f"{path.name} has no module docstring"
    lines = len(text.splitlines())
    assert lines < FILE_LINES, f"{path.name} has {lines} lines, not under {FILE_LINES}"


# What importing does ---------------------------------------------------------------------------

#: Modules that ``import tensorgrok`` leaves alone, unless NumPy itself imports them.
HEAVY = {
    *("argparse", "asyncio", "dataclasses", "importlib.metadata", "inspect", "tqdm"),
    *("cupy", "matplotlib", "numba", "scipy"),
    *("tensorgrok.nn", "tensorgrok.optim", "tensorgrok.data", "tensorgrok.cli"),
    *("tensorgrok_numpy", "tensorgrok_cupy"),
}


def loaded_by(statement: str) -> set[str]:
    """The modules that a statement loads into a process that already has NumPy."""
    script = (
        f"import sys, numpy; before = {{*sys.modules}}; {statement}; "
        "after = [*sys.modules]; print(*(name for name in after if name not in before))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1, "importing printed something"
    return set(done.stdout.split())


def test_training_loads_no_view() -> None:
    step = (
        "import tensorgrok as tg; from tensorgrok import nn, optim; model = nn.Linear(2, 1); "
        "loss = nn.mse(model(tg.ones((1, 2))), tg.ones((1, 1))); loss.backward(); "
        "optim.SGD(model.parameters(), lr=0.1).step()"
    )
    parts = {part for row in READING for part in row} | {"views"}
    loaded = loaded_by(step)
    assert "tensorgrok.optim.sgd" in loaded
    assert not {
        name for name in loaded if name.startswith("tensorgrok.") and name.split(".")[1] in parts
    }


def test_import_loads_nothing_heavier_than_numpy_and_prints_nothing() -> None:
    loaded = loaded_by("import tensorgrok")
    assert "tensorgrok.tensor" in loaded
    assert sorted(loaded & HEAVY) == []


def test_backend_is_loaded_at_first_use() -> None:
    loaded = loaded_by("import tensorgrok; tensorgrok.Tensor(1.0)")
    assert {"tensorgrok_numpy", "importlib.metadata"} <= loaded


def test_networks_are_loaded_at_first_use() -> None:
    assert "tensorgrok.nn.layers" in loaded_by("import tensorgrok; tensorgrok.nn")
