"""Steps of elementwise operations.

Operands are squashed by what stands around them into the operation's domain, and so that values
stay of order 1.
"""

from __future__ import annotations

from tests.random_programs.table import Parameters, Random, Shape, Step, both, three


def bounds(random: Random, shape: Shape) -> Parameters:
    """Two numbers to clip at; one of them may be None."""
    low, high = round(random.uniform(-1, 0), 2), round(random.uniform(0.1, 1), 2)
    return random.choice(
        [{"low": low, "high": high}, {"low": None, "high": high}, {"low": low, "high": None}]
    )


def a_mask(random: Random, shape: Shape, *_: Shape) -> Parameters | None:
    """Booleans of the shape of the first operand."""
    return {"mask": random.nested(shape, random.flag)} if 0 not in shape else None


def a_scalar(random: Random, *shapes: Shape) -> Parameters:
    """A number, whole or not, of either sign."""
    return {"c": random.choice([2, -1, 0.5, -1.5, round(random.gauss(0, 1), 2)])}


ARITHMETIC = [
    Step("add", "x + y", operands=both),
    Step("add number", "c + x", parameters=a_scalar),
    Step("subtract", "x - y", operands=both),
    Step("subtract from number", "c - x", parameters=a_scalar),
    Step("multiply", "tg.tanh(x) * y", operands=both),
    Step("multiply number", "x * c", parameters=a_scalar),
    Step("square by product", "x * x * 0.5"),
    Step("divide", "x / (y * y + 0.5)", operands=both),
    Step("divide number", "c / (x * x + 0.5)", parameters=a_scalar),
    Step("remainder", "tg.remainder(x, y * y + 0.3)", operands=both),
    Step("remainder of negative divisor", "tg.remainder(x, -0.7)"),
    Step("pow", "(tg.tanh(x) ** 2 + 0.5) ** tg.tanh(y)", operands=both),
    Step("pow square", "x**2"),
    Step("pow cube", "tg.tanh(x) ** 3"),
    Step("pow root", "(x * x + 0.3) ** 0.5"),
    Step("pow inverse", "(x * x + 0.5) ** -1"),
    Step("pow of number", "2 ** tg.sin(x)"),
    Step("negative", "-x"),
    Step("abs", "abs(x)"),
    Step("sign", "x * tg.sign(x)"),
    Step("square", "tg.square(x)"),
    Step("sqrt", "tg.sqrt(x * x + 0.5)"),
    Step("reciprocal", "tg.reciprocal(x * x + 0.5)"),
    Step("floor_divide", "x + tg.floor_divide(x, y * y + 0.4)",
         "x + torch.floor(x / (y * y + 0.4)).detach()", operands=both),
    Step("floor", "x - tg.floor(x)"),
    Step("ceil", "x * tg.ceil(x)"),
    Step("round", "x - tg.round(x)"),
    Step("trunc", "x * tg.trunc(x)"),
]  # fmt: skip

FUNCTIONS = [
    Step("exp", "tg.exp(x * 0.3)"),
    Step("expm1", "tg.expm1(x * 0.3)"),
    Step("log", "tg.log(x * x + 0.5)"),
    Step("log1p", "tg.log1p(x * x)"),
    Step("log2", "tg.log2(x * x + 0.5)"),
    Step("log10", "tg.log10(x * x + 0.5)"),
    Step("logaddexp", "tg.logaddexp(x, y)", operands=both),
    Step("hypot", "tg.hypot(x + 0.1, y)", operands=both),
    Step("sin", "tg.sin(x)"),
    Step("cos", "tg.cos(x)"),
    Step("tan", "tg.tan(tg.sin(x))"),
    Step("asin", "tg.asin(0.9 * tg.sin(x))"),
    Step("acos", "tg.acos(0.9 * tg.sin(x))"),
    Step("atan", "tg.atan(x)"),
    Step("atan2", "tg.atan2(x, y * y + 0.3)", operands=both),
    Step("atan2 in all quadrants", "tg.atan2(x + 0.1, y - 0.2)", operands=both),
    Step("sinh", "tg.sinh(tg.sin(x))"),
    Step("cosh", "tg.cosh(tg.sin(x))"),
    Step("tanh", "tg.tanh(x)"),
    Step("asinh", "tg.asinh(x)"),
    Step("acosh", "tg.acosh(x * x + 1.2)"),
    Step("atanh", "tg.atanh(0.9 * tg.sin(x))"),
    Step("erf", "tg.erf(x)"),
]  # fmt: skip

ACTIVATIONS = [
    Step("sigmoid", "tg.sigmoid(x)"),
    Step("relu", "tg.relu(x)"),
    Step("gelu", "tg.gelu(x)"),
    Step("gelu by tanh", "tg.gelu(x, approximate=True)", "F.gelu(x, approximate='tanh')"),
    Step("silu", "tg.silu(x)"),
    Step("softplus", "tg.softplus(x)"),
    Step("elu", "tg.elu(x)"),
    Step("elu of parameter", "tg.elu(x, 0.7)"),
    Step("leaky_relu", "tg.leaky_relu(x)"),
    Step("leaky_relu of parameter", "tg.leaky_relu(x, 0.3)"),
    Step("hardtanh", "tg.hardtanh(x)"),
    Step("hardtanh of parameters", "tg.hardtanh(x, -0.4, 0.8)"),
    Step("mish", "tg.mish(x)"),
    Step("logsigmoid", "tg.logsigmoid(x)"),
]  # fmt: skip

CHOICE = [
    Step("maximum", "tg.maximum(x, y)", operands=both),
    Step("maximum number", "tg.maximum(x, 0.1)", "torch.clamp(x, min=0.1)"),
    Step("minimum", "tg.minimum(x, y)", operands=both),
    Step("clip", "tg.clip(x, low, high)", parameters=bounds),
    Step("clip between", "tg.clip(x, y - 0.5, y + z * z)",
         "torch.minimum(torch.maximum(x, y - 0.5), y + z * z)", operands=three),
    Step("clip below", "tg.clip(x, y)", "torch.maximum(x, y)", operands=both),
    Step("clip above", "tg.clip(x, None, y)", "torch.minimum(x, y)", operands=both),
    Step("where less", "tg.where(x < y, x, 2 * y)", operands=both),
    Step("where both", "tg.where(x > y, y, z)", operands=three),
    Step("where logic", "tg.where((x >= y) | ~(x > 0.5), x, y * y)", operands=both),
    Step("where exclusive or", "tg.where(tg.logical_xor(x > 0, y > 0), x, 0.5)", operands=both),
    Step("where mask", "tg.where(tg.Tensor(mask, dtype=bool), x, y)",
         "torch.where(torch.tensor(mask, dtype=bool), x, y)", operands=both, parameters=a_mask),
    Step("isfinite", "tg.where(tg.isfinite(x) & ~tg.isnan(x), x, 0.0)"),
    Step("nan_to_num", "tg.nan_to_num(x)"),
]  # fmt: skip

CONVERSION = [
    Step("astype complex", "tg.real(x.astype('complex128') * (y + 2j))",
         "torch.real(x.to(torch.complex128) * (y + 2j))", operands=both),
    Step("astype of mask", "(x > 0.2).astype('float64') * x", "(x > 0.2).to(torch.float64) * x"),
    Step("real", "tg.real(tg.exp(x * 1j))"),
    Step("imag", "tg.imag(tg.exp(tg.sin(x) * (0.5 + 1j)) * y)", operands=both),
    Step("conj", "tg.real(tg.conj(tg.exp(x * 1j)) * (y + 2j * x))", operands=both),
    Step("angle", "tg.angle(x + 1j * (y * y + 0.3))", operands=both),
    Step("abs of complex", "tg.abs((x + 1j * y) ** 2 + 0.5j)", operands=both),
]  # fmt: skip

STEPS = [*ARITHMETIC, *FUNCTIONS, *ACTIVATIONS, *CHOICE, *CONVERSION]
