"""Views in files, in notebooks and in streams, and what ``view`` refuses."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import Tensor, nn
from tensorgrok.views.view import View
from tests.viewed import seed_network


@pytest.fixture
def view() -> View:
    net = seed_network()
    net.root.backward(retain_graph=True)
    return tg.view(net.root, names=net.names)


# Files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [str, Path])
def test_text_files(view: View, tmp_path: Path, kind: Any) -> None:
    contents = {}
    for ending in ("html", "svg", "tex", "py", "txt"):
        path = tmp_path / f"seed.{ending}"
        found = view.save(kind(path))
        assert found == path
        assert isinstance(found, Path)
        contents[ending] = path.read_text(encoding="utf-8")
    assert contents["html"] == view.html()
    assert contents["html"].startswith("<!doctype html>")
    assert contents["svg"] == view.whole.bricks
    assert ElementTree.fromstring(contents["svg"]).tag == "{http://www.w3.org/2000/svg}svg"
    assert contents["txt"] == view.text() + "\n"
    assert contents["py"].splitlines()[:7] == [
        "# loss: 3 → 4 → 1",
        "# Needs layer_0, weights_0_1, weights_1_2 and walk_vs_stop, and the functions that are "
        "called.",
        "# view.namespace() has them: exec(view.python, view.namespace())",
        "",
        "# forward",
        "layer_1 = relu(layer_0.dot(weights_0_1))",
        "layer_2 = layer_1.dot(weights_1_2)",
    ]
    assert contents["tex"].count(r"\begin{align*}") == contents["tex"].count(r"\end{align*}") == 2
    assert r"  \nabla W_{1} &= l_{1}^{\top} \delta_{2} \\" in contents["tex"]
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(f"seed.{e}" for e in contents)


def test_the_python_file_is_a_program(view: View, tmp_path: Path) -> None:
    path = view.save(tmp_path / "seed.py")
    variables = view.namespace()
    exec(compile(path.read_text(encoding="utf-8"), path, "exec"), variables)
    assert variables["loss"].item() == view.reading.tensor.item()
    wanted = variables["layer_0"].numpy().T @ variables["layer_1_delta"].numpy()
    np.testing.assert_array_equal(variables["weight_delta_0_1"].numpy(), wanted)


def test_endings_in_capitals_and_names_with_dots(view: View, tmp_path: Path) -> None:
    assert view.save(tmp_path / "a.b.SVG").read_text(encoding="utf-8") == view.whole.bricks


@pytest.mark.skipif(find_spec("resvg_py") is None, reason="resvg-py is not installed")
def test_pixels(view: View, tmp_path: Path) -> None:
    content = view.save(tmp_path / "seed.png").read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    drawn = ElementTree.fromstring(view.whole.bricks)
    assert width == pytest.approx(2 * float(drawn.attrib["width"]), abs=2)
    assert height == pytest.approx(2 * float(drawn.attrib["height"]), abs=2)


def test_pixels_need_a_package(view: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(tg.ArgumentError, match=r"save: a \.png needs .*pip install tensorgrok\[p"):
        view.save(tmp_path / "seed.png")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["seed", "seed.jpg", ".html", "seed.html.gz"])
def test_other_endings_are_refused(view: View, tmp_path: Path, name: str) -> None:
    expected = (
        r"save: '.*' does not end with \.html, \.svg, \.png, \.tex, \.py or \.txt; the ending"
    )
    with pytest.raises(tg.ArgumentError, match=expected):
        view.save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_written_leaves_nothing_behind(view: View, tmp_path: Path) -> None:
    with pytest.raises(
        tg.ArgumentError, match=r"save: there is no folder '.*no' for 'seed\.txt'; m"
    ):
        view.save(tmp_path / "no" / "seed.txt")
    (tmp_path / "folder.txt").mkdir()
    with pytest.raises(OSError, match=r"folder\.txt"):
        view.save(tmp_path / "folder.txt")
    assert [p.name for p in tmp_path.iterdir()] == ["folder.txt"]


def test_an_error_on_the_way_leaves_the_old_file(
    view: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "seed.txt"
    path.write_text("old")

    def broken(*_: Any) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("tensorgrok.views.saving.os.replace", broken)
    with pytest.raises(OSError, match="the disk is full"):
        view.save(path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["seed.txt"]


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_permissions_are_those_of_other_files(
    view: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = os.umask(0o027)
    try:
        made = view.save(tmp_path / "seed.txt")
        (tmp_path / "other").write_text("")
        wanted = stat.S_IMODE((tmp_path / "other").stat().st_mode)
        assert stat.S_IMODE(made.stat().st_mode) == wanted == 0o640
        made.chmod(0o600)
        assert stat.S_IMODE(view.save(made).stat().st_mode) == 0o600  # it stays private
        monkeypatch.setattr(os, "umask", None)  # which is that of all threads
        assert view.save(tmp_path / "third.txt").is_file()
        monkeypatch.undo()
    finally:
        os.umask(before)


# Notebooks and streams ----------------------------------------------------------------------------


def test_what_a_notebook_asks_for(view: View) -> None:
    bundle = view._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}
    assert bundle["text/plain"] == view.text()
    assert "<html" not in bundle["text/html"]
    latex = view._repr_latex_()
    assert latex.startswith("$\\begin{aligned}\nl_{1} &= ")
    assert latex.count(r"\\") == len(view) - 1 == 2
    assert view.backward._repr_latex_().count("&=") == len(view.backward) == 4


def test_how_it_presents_itself(view: View) -> None:
    assert repr(view) == "<View of loss: 3 → 4 → 1: 3 lines forward, 4 backward>"
    assert str(view) == view.text()
    assert str(view.backward) == view.backward.python
    assert repr(view.lines[0]) == "<Statement layer_1 = relu(layer_0.dot(weights_0_1))>"
    assert "layer_1 = relu" in repr(view.lines[0].line)


def stream(encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8", "UTF-16"])
def test_streams_of_any_encoding(view: View, encoding: str) -> None:
    out = stream(encoding)
    view.show(out)
    out.seek(0)
    text = out.read()
    assert text.isascii() == (not encoding.lower().startswith("utf"))
    assert "layer_1 = relu(layer_0.dot(weights_0_1))" in text
    assert "\x1b" not in text


def test_names_that_ascii_lacks_are_escaped() -> None:
    width, weight = Tensor(np.ones((1, 2))), Tensor(np.ones((2, 2)), requires_grad=True)
    result = tg.relu(width.dot(weight))
    shown = tg.view(result, names={"größe": width, "層": weight, "результат": result})
    text = shown.text(only_ascii=True)
    assert text.isascii()
    assert r"gr\xf6\xdfe.dot(\u5c64)" in text
    for encoding in ("ascii", "latin-1", "cp1252", "utf-8"):
        out = stream(encoding)
        shown.show(out)
        out.seek(0)
        assert out.read().startswith(text[:9] if encoding != "utf-8" else "результат")


def test_colour_is_for_terminals_that_want_it(view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    out = stream("utf-8")
    monkeypatch.setattr(out, "isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    view.show(out)
    size = out.tell()
    monkeypatch.setenv("NO_COLOR", "1")
    view.show(out)
    out.seek(0)
    text = out.read()
    assert text.count("\x1b[0m") > 10
    assert out.tell() - size < size


def test_the_views_run_in_a_script_without_a_terminal(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import numpy as np\nimport tensorgrok as tg\n"
        "x = tg.Tensor(np.ones((1, 2)))\nw = tg.Tensor(np.ones((2, 1)), requires_grad=True)\n"
        "y = x.dot(w)\ntg.view(y).show()\ntg.view(y).save('y.html')\n"
    )
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "60"}
    done = subprocess.run(
        [sys.executable, script], capture_output=True, cwd=tmp_path, env=environment, check=True
    )
    assert done.stdout.decode("ascii").startswith("y: 2 -> 1\n\nforward\n  y = x.dot(w)    y = x w")
    assert (tmp_path / "y.html").is_file()


# What is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("thing", "said"),
    [(3.0, "the number 3.0"), (None, "a NoneType"), (np.ones(2), "float64, shape"), ([], "a list")],
)
def test_no_tensor(thing: Any, said: str) -> None:
    with pytest.raises(
        tg.ArgumentError, match=f"view: expected a tensor that was computed, .* not .*{said}"
    ):
        tg.view(thing)


def test_nothing_recorded() -> None:
    w = Tensor(np.ones((2, 2)), requires_grad=True)
    with tg.no_grad():
        y = w * 2
    for unrecorded in (y, w, Tensor([1.0]), Tensor([1.0]) * 2):
        with pytest.raises(tg.GraphError, match=r"view: nothing was recorded for .*requires_grad"):
            tg.view(unrecorded)


@pytest.mark.parametrize("cut", ["line", "", None, 3])
def test_other_cuts(cut: Any) -> None:
    net = seed_network()
    with pytest.raises(tg.ArgumentError, match="view: cut must be 'layers', 'one' or 'ops', not "):
        tg.view(net.root, cut=cut)


@pytest.mark.parametrize("depth", [-1, 1.0, True, "all"])
def test_other_depths(depth: Any) -> None:
    net = seed_network()
    with pytest.raises(
        tg.ArgumentError, match="view: depth must be a whole number from 0, or None"
    ):
        tg.view(net.root, depth=depth)


@pytest.mark.parametrize("detail", ["all", None, True])
def test_other_details(detail: Any) -> None:
    net = seed_network()
    expected = "view: detail must be 'numbers', 'dimensions' or 'letters', not "
    with pytest.raises(tg.ArgumentError, match=expected):
        tg.view(net.root, detail=detail)


@pytest.mark.parametrize(("shape", "said"), [((4, 3), r"\(4, 3\)"), (-1, "-1"), ([2], r"\[2\]")])
def test_shapes_belong_to_reshape(shape: Any, said: str) -> None:
    net = seed_network()
    expected = rf"view: .* takes no shape, but was given {said}; .* write x\.reshape\({said}\)"
    with pytest.raises(tg.ArgumentError, match=expected):
        tg.view(net.root, shape)


@pytest.mark.parametrize("values", ["no", None, 1])
def test_other_values(values: Any) -> None:
    net = seed_network()
    with pytest.raises(tg.ArgumentError, match="view: values must be True or False, not "):
        tg.view(net.root, values=values)


@pytest.mark.parametrize("names", [3, ["x"], {1: 2}, "loss"])
def test_other_names(names: Any) -> None:
    net = seed_network()
    expected = r"view: names must be a dictionary from names to values, such as locals\(\), not "
    with pytest.raises(tg.ArgumentError, match=expected):
        tg.view(net.root, names=names)


def test_a_depth_beyond_all_modules_opens_everything() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
    y = model(tg.ones((1, 2)))
    names = {"model": model, "y": y}
    opened = tg.view(y, names=names, depth=99).python
    assert opened == "y = tanh(layer_0.dot(model[0].weight) + model[0].bias)"
