r"""Symbols: the letters of algebra that stand for named values.

``symbol_of`` makes one of a Python name, ``told_apart`` keeps two from being alike, and
``symbol_level`` reads off how tightly what somebody wrote binds, so that ``a + b`` is put in
brackets where it stands as one value.

This module stands on nothing; read ``notation`` next.
"""

from __future__ import annotations

import functools
import re

GREEK = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "mu"),
    *("nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
    *("Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega"),
)
LETTERS = {name: rf"\{name}" for name in GREEK} | {"lam": r"\lambda", "lmbda": r"\lambda"}
_GREEK_THEMSELVES = "αβγδεζηθικμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ"  # names may be such letters
LETTERS |= {letter: rf"\{name}" for letter, name in zip(_GREEK_THEMSELVES, GREEK, strict=True)}
LETTERS["λ"] = r"\lambda"
ACCENTS = ("hat", "bar", "tilde", "dot", "vec")

_NUMBERED = re.compile(r"(layer|weight|weights|bias|biases|mask)_(\d+)(?:_\d+)?")
_INITIALS = {"layer": "l", "weight": "W", "weights": "W", "bias": "b", "biases": "b", "mask": "m"}
_LETTERS_OF = {"loss": "L", "constant": "c", "indices": "i"}
_ROLE_LETTERS = {"target": "y", "loss": "L"}


def symbol_of(name: str, role: str | None = None) -> str:
    r"""Return the LaTeX symbol of a Python name.

    The names of a numbered chain come first: ``layer_2``, ``weights_0_1``, ``biases_0_1``. Else one
    letter is italic and words are upright, trailing digits and what follows an underscore are a
    subscript, ``_hat``, ``_bar``, ``_tilde`` are accents, Greek letters go by their names. A target
    or a loss that is called by a word is ``y`` or ``L``.

    >>> from tensorgrok.symbols import symbol_of
    >>> symbol_of("weights_0_1"), symbol_of("W_hh"), symbol_of("x_hat"), symbol_of("lam")
    ('W_{0}', 'W_{\\mathrm{hh}}', '\\hat{x}', '\\lambda')
    """
    numbered = _NUMBERED.fullmatch(name)
    if numbered:
        return f"{_INITIALS[numbered[1]]}_{{{numbered[2]}}}"
    if name in _LETTERS_OF:
        return _LETTERS_OF[name]
    base, subscripts = _split(name)
    accent = ""
    if subscripts and subscripts[-1] in ACCENTS:
        accent = subscripts.pop()
    is_word = len(base) > 1 and base not in LETTERS
    if is_word and role in _ROLE_LETTERS:
        return _ROLE_LETTERS[role]
    letter = LETTERS.get(base) or (rf"\mathrm{{{base}}}" if len(base) > 1 else base)
    if accent:
        letter = rf"\{accent}{{{letter}}}"
    if not subscripts:
        return letter
    return f"{letter}_{{{', '.join(map(_subscript, subscripts))}}}"


def _split(name: str) -> tuple[str, list[str]]:
    """The base of a name and its subscripts."""
    last = [part for part in re.split(r"[.\[\]'\"]+", name) if part][-2:]
    words = [word for part in last for word in re.split(r"[\W_]+", part) if word]
    base, *rest = words or ["value"]
    digits = re.fullmatch(r"(.*?[^\d])(\d+)", base)
    if digits:
        base, rest = digits[1], [digits[2], *rest]
    return base, rest


def _subscript(part: str) -> str:
    if part in LETTERS:
        return LETTERS[part]
    return part if part.isdigit() or len(part) == 1 else rf"\mathrm{{{part}}}"


def delta_of(symbol: str) -> str:
    r"""Return the symbol of the cotangent of a layer: ``\delta_{2}`` for ``l_{2}``."""
    numbered = re.fullmatch(r"l_\{(\d+(?:, \d+)?)\}('*)", symbol)
    if numbered:
        return rf"\delta_{{{numbered[1]}}}{numbered[2]}"
    return rf"\delta_{{{symbol}}}"


# Telling values apart ----------------------------------------------------------------------------

#: So many primes are still counted at a glance.
MOST_PRIMES = 3


def told_apart(symbol: str, count: int) -> str:
    r"""Return the symbol for the value that is the ``count``-th to have it: primes, then numbers.

    >>> from tensorgrok.symbols import told_apart
    >>> told_apart("W_{0}", 2), told_apart("W_{0}", 17), told_apart("x", 17)
    ("W_{0}'", 'W_{0, 17}', 'x_{17}')
    """
    if symbol_level(symbol) not in ("call", "atom"):
        symbol = rf"\left({symbol}\right)"
    if count <= MOST_PRIMES + 1:
        return symbol + "'" * (count - 1)
    base, subscript = _last_subscript(symbol)
    return f"{base}_{{{subscript}, {count}}}" if subscript else f"{base}_{{{count}}}"


def _last_subscript(symbol: str) -> tuple[str, str]:
    """A symbol without the subscript that it ends with, and that."""
    short = re.fullmatch(r"(.*)_(\w|\\[A-Za-z]+)", symbol, re.DOTALL)
    if short:
        return short[1], short[2]
    depth = 0
    for place in range(len(symbol) - 1, 0, -1):
        depth += {"}": 1, "{": -1}.get(symbol[place], 0)
        if depth == 0:
            ends = symbol[place] == "{" and symbol[place - 1] == "_"
            return (symbol[: place - 1], symbol[place + 1 : -1]) if ends else (symbol, "")
    return symbol, ""


# How tightly a symbol binds ----------------------------------------------------------------------

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\s+|.", re.DOTALL)
_OPENING = {"{": "}", "(": ")", "[": "]", r"\left": r"\right"}
_SPACES = frozenset((r"\,", r"\;", r"\:", r"\!", r"\ ", "~", r"\quad", r"\qquad"))
_PREFIXES = frozenset((r"\nabla", r"\partial"))
_SIGNS = {
    **dict.fromkeys(("=", "<", ">", ",", ";", ":", "|", "&"), "comparison"),
    **dict.fromkeys((r"\leq", r"\le", r"\geq", r"\ge", r"\neq", r"\ne", r"\in"), "comparison"),
    **dict.fromkeys((r"\approx", r"\sim", r"\to", r"\mid", r"\wedge", r"\vee"), "comparison"),
    **dict.fromkeys(("+", "-", r"\pm", r"\mp", r"\oplus", r"\ominus"), "sum"),
    **dict.fromkeys((r"\sum", r"\prod", r"\int"), "operator"),
    **dict.fromkeys(("*", "/", r"\odot", r"\cdot", r"\times", r"\otimes"), "hadamard"),
    **dict.fromkeys((r"\div", r"\circ"), "hadamard"),
    **dict.fromkeys((r"\frac", r"\tfrac", r"\dfrac", "^"), "power"),
}
_LOOSEST_FIRST = ("comparison", "sum", "unary", "operator", "hadamard", "product", "power", "call")


@functools.lru_cache(maxsize=4096)
def symbol_level(symbol: str) -> str:
    r"""Return how tightly a symbol binds, by the levels of algebra in ``notation``.

    >>> from tensorgrok.symbols import symbol_level
    >>> [symbol_level(text) for text in ("a + b", "-x", r"U \Sigma", "x^2", "W_{0}", r"\hat{x}")]
    ['sum', 'unary', 'product', 'power', 'call', 'atom']
    """
    tokens = [token for token in _TOKEN.findall(symbol) if not token.isspace()]
    seen: set[str] = set()
    factors = place = 0
    before = ""
    while place < len(tokens):
        token = tokens[place]
        end = _end(tokens, place)
        if token in ("_", "^"):
            seen.add(_SIGNS.get(token, "call"))
            end = _end(tokens, place + 1)
        elif token in _SIGNS and (token not in "+-" or place):
            seen.add(_SIGNS[token])
        elif token in "+-":
            seen.add("unary")
        elif token == "'" or token in _PREFIXES:
            seen.add("call")
        elif token in _OPENING and (before == "}" or before.startswith("\\") or before.isalpha()):
            seen.update(("call",) * (token != "{"))  # an argument
        elif token not in _SPACES:
            factors += 1
        before = tokens[min(end, len(tokens)) - 1]
        place = end
    if factors > 1:
        seen.add("product")
    return next((level for level in _LOOSEST_FIRST if level in seen), "atom")


def _end(tokens: list[str], place: int) -> int:
    """The place after the token there, or after the bracket that it opens."""
    if place >= len(tokens) or tokens[place] not in _OPENING:
        return place + 1
    opening, depth = tokens[place], 0
    for end in range(place, len(tokens)):
        depth += (tokens[end] == opening) - (tokens[end] == _OPENING[opening])
        if depth == 0:
            return end + (2 if opening == r"\left" else 1)
    return len(tokens)
