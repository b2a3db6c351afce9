"""HTML as a list of elements, for tests; whatever is not well-formed fails."""

from __future__ import annotations

import html.parser

VOID = {"meta", "link", "input", "br", "hr", "img"}

Attributes = dict[str, str | None]


class Element:
    """An element of a page: its attributes, what is around it, and the text in it."""

    def __init__(self, tag: str, attributes: Attributes, parent: Element | None) -> None:
        self.tag, self.attributes, self.parent = tag, attributes, parent
        self.text = ""

    @property
    def classes(self) -> list[str]:
        return (self.attributes.get("class") or "").split()


class Reader(html.parser.HTMLParser):
    """All elements of a page; whatever is not closed in order fails."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(text)
        self.close()
        assert not self._open, f"<{self._open[-1].tag}> is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        element = Element(tag, dict(attrs), self._open[-1] if self._open else None)
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str = "", style: str = "") -> list[Element]:
        return [
            e
            for e in self.elements
            if (not tag or e.tag == tag) and (not style or style in e.classes)
        ]

    def one(self, tag: str = "", style: str = "") -> Element:
        (found,) = self.all(tag, style)
        return found
