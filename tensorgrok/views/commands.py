r"""The commands of LaTeX that formulas use, and the characters that they stand for.

This module stands on nothing; ``mathematics`` reads with these tables.
"""

# ruff: noqa: RUF001  # mathematics is written in these characters

from __future__ import annotations

import unicodedata

#: Greek letters, of which names of variables may have any.
GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ϵ", "varepsilon": "ε",
    "zeta": "ζ", "eta": "η", "theta": "θ", "vartheta": "ϑ", "iota": "ι", "kappa": "κ",
    "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "omicron": "ο", "pi": "π", "rho": "ρ",
    "sigma": "σ", "varsigma": "ς", "tau": "τ", "upsilon": "υ", "phi": "ϕ", "varphi": "φ",
    "chi": "χ", "psi": "ψ", "omega": "ω", "ell": "ℓ",
    "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π",
    "Sigma": "Σ", "Upsilon": "Υ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip

#: Command to text and kind; see ``formulas.Symbol``. Greek letters are not among them.
SYMBOLS = {
    **{name: (name, "function") for name in (
        "log", "ln", "exp", "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan",
        "sinh", "cosh", "tanh", "coth", "arg", "max", "min", "sup", "inf", "det", "dim", "ker",
        "Pr", "gcd", "lim",
    )},
    "sum": ("∑", "sum"), "prod": ("∏", "sum"), "int": ("∫", "sum"),
    "bigcup": ("⋃", "sum"), "bigcap": ("⋂", "sum"), "bigoplus": ("⨁", "sum"),
    "forall": ("∀", "prefix"), "exists": ("∃", "prefix"), "neg": ("¬", "prefix"),
    "lnot": ("¬", "prefix"), "nabla": ("∇", "prefix"), "partial": ("∂", "prefix"),
    "odot": ("⊙", "operator"), "otimes": ("⊗", "operator"), "oplus": ("⊕", "operator"),
    "cdot": ("·", "operator"), "times": ("×", "operator"), "div": ("÷", "operator"),
    "pm": ("±", "operator"), "mp": ("∓", "operator"), "ast": ("∗", "operator"),
    "star": ("⋆", "operator"), "circ": ("∘", "operator"), "bmod": ("mod", "operator"),
    "wedge": ("∧", "operator"), "land": ("∧", "operator"), "vee": ("∨", "operator"),
    "lor": ("∨", "operator"), "setminus": ("∖", "operator"), "cup": ("∪", "operator"),
    "cap": ("∩", "operator"),
    "leq": ("≤", "relation"), "le": ("≤", "relation"), "geq": ("≥", "relation"),
    "ge": ("≥", "relation"), "neq": ("≠", "relation"), "ne": ("≠", "relation"),
    "lt": ("<", "relation"), "gt": (">", "relation"), "gg": ("≫", "relation"),
    "ll": ("≪", "relation"), "approx": ("≈", "relation"), "sim": ("∼", "relation"),
    "simeq": ("≃", "relation"), "equiv": ("≡", "relation"), "propto": ("∝", "relation"),
    "in": ("∈", "relation"), "notin": ("∉", "relation"), "subset": ("⊂", "relation"),
    "subseteq": ("⊆", "relation"), "to": ("→", "relation"), "rightarrow": ("→", "relation"),
    "leftarrow": ("←", "relation"), "gets": ("←", "relation"), "mapsto": ("↦", "relation"),
    "Rightarrow": ("⇒", "relation"), "mid": ("|", "relation"), "coloneqq": ("≔", "relation"),
    "top": ("⊤", "sign"), "bot": ("⊥", "sign"), "prime": ("′", "sign"), "infty": ("∞", "number"),
    "dots": ("…", "sign"), "ldots": ("…", "sign"), "cdots": ("⋯", "sign"), "vdots": ("⋮", "sign"),
    "ddots": ("⋱", "sign"), "dagger": ("†", "sign"), "emptyset": ("∅", "number"),
    "colon": (":", "sign"), "backslash": ("\\", "sign"), "hbar": ("ℏ", "letter"),
    "_": ("_", "sign"), "%": ("%", "sign"), "#": ("#", "sign"), "$": ("$", "sign"),
    "&": ("&", "sign"), "|": ("‖", "sign"), "{": ("{", "opening"), "}": ("}", "closing"),
    "lVert": ("‖", "opening"), "rVert": ("‖", "closing"), "Vert": ("‖", "sign"),
    "lvert": ("|", "opening"), "rvert": ("|", "closing"), "vert": ("|", "sign"),
    "lfloor": ("⌊", "opening"), "rfloor": ("⌋", "closing"), "lceil": ("⌈", "opening"),
    "rceil": ("⌉", "closing"), "langle": ("⟨", "opening"), "rangle": ("⟩", "closing"),
    "lbrace": ("{", "opening"), "rbrace": ("}", "closing"), "lbrack": ("[", "opening"),
    "rbrack": ("]", "closing"),
}  # fmt: skip

#: Characters that stand for something else than themselves, or that are not mere signs.
CHARACTERS = {
    "-": ("\N{MINUS SIGN}", "operator"), "+": ("+", "operator"), "*": ("∗", "operator"),
    "/": ("/", "operator"), "\N{MINUS SIGN}": ("\N{MINUS SIGN}", "operator"),
    "=": ("=", "relation"), "<": ("<", "relation"), ">": (">", "relation"),
    ",": (",", "punctuation"), ";": (";", "punctuation"),
    "(": ("(", "opening"), "[": ("[", "opening"), ")": (")", "closing"), "]": ("]", "closing"),
    "...": ("…", "sign"),
}  # fmt: skip

#: What follows ``\left``, ``\middle`` and ``\right`` where it is not itself.
DELIMITERS = {
    ".": "", "lVert": "‖", "rVert": "‖", "Vert": "‖", "|": "|", r"\|": "‖", "lvert": "|",
    "rvert": "|", "vert": "|", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉",
    "langle": "⟨", "rangle": "⟩", "<": "⟨", ">": "⟩", "lbrace": "{", "rbrace": "}", "{": "{",
    "}": "}", "lbrack": "[", "rbrack": "]",
}  # fmt: skip

#: Environments and the delimiters around their cells.
ENVIRONMENTS = {
    "matrix": ("", ""), "array": ("", ""), "pmatrix": ("(", ")"), "bmatrix": ("[", "]"),
    "Bmatrix": ("{", "}"), "vmatrix": ("|", "|"), "Vmatrix": ("‖", "‖"), "cases": ("{", ""),
}  # fmt: skip

#: Spaces in em. A negative one takes space away; no view needs that.
SPACES = {
    ",": 0.17, ":": 0.22, ">": 0.22, ";": 0.28, " ": 0.0, "!": 0.0, "quad": 1.0, "qquad": 2.0,
    "enspace": 0.5, "thinspace": 0.17,
}  # fmt: skip

#: Commands whose argument is a text of one kind.
STYLES = {
    "operatorname": "function", "mathrm": "word", "text": "word", "textrm": "word",
    "mathsf": "word", "mathtt": "word", "texttt": "word", "textbf": "bold", "mathbf": "bold",
    "boldsymbol": "bold", "mathit": "word", "mathcal": "letter", "mathbb": "bold",
}  # fmt: skip

#: Accents, and the characters that put them over the letter before.
ACCENTS = {
    "hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "dot": "\u0307", "ddot": "\u0308",
    "vec": "\u20d7", "check": "\u030c", "breve": "\u0306", "acute": "\u0301", "grave": "\u0300",
    "widehat": "\u0302", "widetilde": "\u0303", "overline": "\u0305",
}  # fmt: skip

#: Words that Python leaves where it prints parameters; other runs of letters are single letters.
PYTHON_WORDS = ("None", "True", "False", "nan", "inf", "Ellipsis")


def accented(text: str, accent: str) -> str:
    """Return a text with an accent over its middle letter, as near as characters come to it."""
    middle = (len(text) + 1) // 2
    return unicodedata.normalize("NFC", text[:middle] + ACCENTS[accent] + text[middle:])
