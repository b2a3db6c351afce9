r"""Text of users within markup: names and numbers that SVG, MathML and HTML show as they are.

This module stands on nothing.
"""

from __future__ import annotations

import html
import re

#: What no XML document may contain, however it is written, and what marks formulas.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue004-\ufffd\U00010000-\U0010ffff]")


def escaped(text: str) -> str:
    """Return a text so that markup shows it, in attributes too.

    Args:
        text: any text; characters that XML forbids become the replacement character.

    Examples:
        >>> from tensorgrok.views.escaping import escaped
        >>> escaped('a < "b"')
        'a &lt; &quot;b&quot;'

    """
    return html.escape(_FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text))
