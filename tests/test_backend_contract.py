"""The backend contract, run on each backend here; and what else the base class promises."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok.backend import Backend
from tensorgrok.registry import get_backend
from tests.plain import PlainBackend

ROOT = Path(__file__).parents[1]
KIT = "tensorgrok.testing.backend_contract"


def run_contract(*words: str) -> subprocess.CompletedProcess[str]:
    """The contract as its users run it, with the stand-ins registered."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.stand_ins", "--pyargs"]
    return subprocess.run(
        [*command, *words], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.parametrize("name", ["numpy", "plain", "strict", "boxed"])
def test_a_backend_keeps_the_contract(name: str) -> None:
    done = run_contract(KIT, "--backend", name)
    assert done.returncode == 0, done.stdout[-3000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) > 900


def test_without_an_option_the_current_backend_is_tested() -> None:
    done = run_contract(f"{KIT}.test_crossings")
    assert done.returncode == 0, done.stdout[-3000:]


def test_an_unknown_backend_is_said() -> None:
    done = run_contract(f"{KIT}.test_crossings", "--backend", "boxd")
    assert done.returncode == 2
    assert "no backend 'boxd'; registered are 'boxed'" in done.stdout
    assert "Did you mean 'boxed'?" in done.stdout


BROKEN = """
import numpy as np
import tensorgrok as tg
from tests.plain import PlainBackend

class Broken(PlainBackend):
    name = "broken"

    def {head}:
        {body}

tg.register_backend("broken", Broken)
"""

#: Methods that do not keep the contract, and tests of it that must notice.
FAULTS = [
    ("vecmat(self, x, w, out=None)", "return np.matmul(x, w) * 1.001", "three_products_are_sums"),
    ("vecmat_dw(self, x, g, out=None)", "return x[..., :, None] * g[..., None, :]", "products_are"),
    ("rank_update(self, w, x, g, alpha=1, beta=1)", "return w", "rank_update_scales_and_adds"),
    ("scatter_add(self, t, k, v)", "t = t.copy(); t[k] += v; return t", "many_values_for_few"),
    ("scatter_set(self, t, k, v)", "t[k] = v; return t", "adds_and_replaces"),
    ("random_bits(self, k, c, n)", "return np.arange(n, dtype='u8')", "one_seed_draws_the_same"),
    ("to_numpy(self, array)", "return array", "read_back_is_a_writable_copy"),
    ("asarray(self, v, dtype=None, copy=None)", "return np.asarray(v, dtype)", "does_not_follow"),
    ("item(self, array)", "return array.ravel()[0]", "item_is_a_python_number"),
    ("owns(self, value)", "return True", "owns_its_own_arrays_and_nothing_else"),
    ("own(self, array, shared)", "return array", "own_keeps_the_values"),
    ("erf(self, x)", "return np.tanh(x)", "error_function_is_right"),
    ("overrides(self)", "return {{'maximum': np.minimum}}", "each_function_computes"),
    ("overrides(self)", "return {{'sqrt': lambda x: np.sqrt(x, dtype='f8')}}", "each_function"),
]


@pytest.mark.parametrize(("head", "body", "tests"), FAULTS, ids=[head for head, _, _ in FAULTS])
def test_the_contract_finds_a_fault(head: str, body: str, tests: str, tmp_path: Path) -> None:
    text = BROKEN.format(head=head, body=body.format())
    (tmp_path / "broken_backend.py").write_text(text, encoding="utf-8")
    code = "import sys, pytest; sys.path[:0] = sys.argv[1:3]; sys.exit(pytest.main(sys.argv[3:]))"
    words = ["-q", "-x", "-p", "broken_backend", "--pyargs", KIT, "--backend", "broken"]
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), str(ROOT), *words, "-k", tests],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1, done.stdout[-2000:] + done.stderr[-2000:]
    assert "1 failed" in done.stdout


# What the base class promises beside ------------------------------------------------------------


def test_optional_parts_have_harmless_defaults() -> None:
    plain = PlainBackend()
    plain.synchronize()
    assert plain.capture(lambda: None, {}) is None
    assert plain.overrides() == {}
    assert plain.diagnose() == ([], "")
    assert plain.device == ""
    with plain.implicit_synchronization_refused():
        pass
    assert "plain" in repr(plain)


@pytest.mark.parametrize("name", ["numpy", "plain"])
def test_arrays_on_the_host_are_shared_unless_they_must_be_copied(name: str) -> None:
    backend = get_backend(name)
    host = np.array([1.0, 2.0], dtype=np.float32)
    assert np.shares_memory(backend.asarray(host), host)
    assert not np.shares_memory(backend.asarray(host, copy=True), host)


LAYOUTS: dict[str, Any] = {
    "row-major": np.arange(6.0).reshape(2, 3),
    "transposed": np.arange(6.0).reshape(2, 3).T,
    "column-major": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "strided": np.arange(12.0).reshape(2, 6)[:, ::2],
    "broadcast": np.broadcast_to(np.arange(3.0), (2, 3)),
    "0-d": np.array(1.0),
    "empty": np.zeros((0, 2)),
}


@pytest.mark.parametrize("name", ["numpy", "plain"])
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_own_gives_writable_row_major_memory(layout: str, shared: bool, name: str) -> None:
    array = LAYOUTS[layout]
    owned = get_backend(name).own(array, shared)
    np.testing.assert_array_equal(owned, array)
    assert owned.flags.c_contiguous
    assert owned.flags.writeable
    if shared and array.size:
        assert not np.shares_memory(owned, array)


def test_a_bare_subclass_trains_like_the_shipped_backend() -> None:
    def trained(name: str) -> list[np.ndarray[Any, Any]]:
        random = np.random.default_rng(0)
        with tg.use_backend(name):
            x = tg.Tensor(random.normal(size=(6, 3)))
            w = tg.Tensor(random.normal(size=(3, 4)), requires_grad=True)
            v = tg.Tensor(random.normal(size=(4, 2)), requires_grad=True)
            for _ in range(5):
                hidden = tg.relu(x.dot(w))
                loss = ((hidden.dot(v) - 1.0) ** 2).mean() + hidden[[0, 0], 1].sum()
                loss.backward()
                for p in (w, v):
                    assert p.grad is not None
                    p.data = p.data - 0.1 * p.grad.data
                    p.grad = None
            return [w.numpy(), v.numpy()]

    for one, two in zip(trained("numpy"), trained("plain"), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-12)


def test_a_namespace_that_lacks_words_is_refused_with_all_of_them() -> None:
    class Poor(Backend):
        """A backend over a namespace with almost nothing in it."""

        name = "poor"

    with pytest.raises(tg.BackendError, match=r"'poor': its namespace lacks subtract,"):
        Poor(SimpleNamespace(add=np.add))


def test_a_backend_is_an_object_of_the_base_class() -> None:
    assert all(isinstance(get_backend(name), Backend) for name in ("numpy", "strict", "boxed"))


# The option --backend ---------------------------------------------------------------------------


def test_the_contract_is_run_by_its_path_too() -> None:
    path = "tensorgrok/testing/backend_contract/test_crossings.py"
    done = run_contract(path, "--backend", "boxed")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def test_another_suite_may_have_an_option_of_that_name(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "def pytest_addoption(parser):\n    parser.addoption('--backend')\n"
    )
    (tmp_path / "test_theirs.py").write_text(
        "def test_it(pytestconfig):\n    assert pytestconfig.getoption('--backend') == 'theirs'\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--backend", "theirs"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
