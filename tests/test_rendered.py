"""The committed notebooks as others show them: nbconvert's pages and slides, and a code host that trusts nothing."""

import base64
import copy
import html
import logging
import re
import xml.etree.ElementTree as ElementTree
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import nh3
import pytest
from nbconvert import HTMLExporter, SlidesExporter
from nbconvert.preprocessors.sanitize import SanitizeHTML

from course import NOTEBOOKS, code_cells

EVERY = sorted(NOTEBOOKS.glob("*.ipynb"))
LESSONS = [path for path in EVERY if re.match(r"\d\d_", path.name)]
SVG = "image/svg+xml"
SHOWN_BY_HOSTS = {"text/plain", "text/markdown", SVG}
"""What a code host shows without running anything: no widgets, no scripts, no HTML."""
OF_NBCONVERT = re.compile(r"Alternative text is missing on \d+ image\(s\)\.")
"""nbconvert has no way to give an SVG output an alternative text (seen with 7.17); the SVG has its own, aria-label."""

# What a host keeps: shapes and presentation attributes; no style, class, href or on..., no <style> or <foreignObject>.
SHAPES = {"svg", "g", "rect", "line", "path", "circle", "text", "title"}
GEOMETRY = {"x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "d", "width", "height", "viewBox"}
PAINT = {"fill", "stroke", "stroke-width", "stroke-linecap", "stroke-dasharray"}
FONT = {"font-family", "font-size", "font-weight", "text-anchor"}
SPOKEN = {"role", "aria-label"}

each = pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
each_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


@cache
def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def outputs(path: Path) -> list[Any]:
    """What its cells show or print."""
    return [output for cell in code_cells(read(path)) for output in cell.outputs]


def pictures(path: Path) -> list[str]:
    """The pictures that it shows."""
    return [output.data[SVG] for output in outputs(path) if SVG in output.get("data", {})]


def pictures_on(page: str) -> list[str]:
    """The pictures that an exporter put into a page."""
    found = re.findall(rf'src="data:{re.escape(SVG)};base64,([^"]+)"', page)
    return [base64.b64decode(text).decode() for text in found]


def prose(path: Path) -> list[str]:
    """Its texts, those of outputs too, without the code in them."""
    texts = [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]
    texts += [output.data["text/markdown"] for output in outputs(path) if "text/markdown" in output.get("data", {})]
    return [re.sub(r"`[^`\n]+`", "", re.sub(r"(?ms)^```.*?^```", "", text)) for text in texts]


def parts(svg: str) -> list[tuple[str, dict[str, str], str]]:
    """Each element of a picture: its name, its attributes, and the text in it."""
    elements = ElementTree.fromstring(svg).iter()
    return [(element.tag, element.attrib, (element.text or "").strip()) for element in elements]


def sanitised(svg: str) -> str:
    """A picture after a host has taken out whatever it does not know to be harmless."""
    kept = {"*": GEOMETRY | PAINT | FONT | SPOKEN | {"xmlns"}}
    return nh3.clean(svg, tags=SHAPES, attributes=kept, link_rel=None)


# -- nbconvert


@each
def test_a_page_has_every_picture_and_nothing_is_warned_of(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        page, _ = HTMLExporter().from_notebook_node(read(path))

    assert pictures_on(page) == pictures(path)
    assert [message for message in caplog.messages if not OF_NBCONVERT.fullmatch(message)] == []


@each_lesson
def test_slides_are_a_lecture(path: Path) -> None:
    cells = read(path).cells
    kinds = [cell.metadata.slideshow.slide_type for cell in cells]
    page, _ = SlidesExporter().from_notebook_node(read(path))

    assert kinds[0] == "slide"
    assert set(kinds) <= {"slide", "subslide", "fragment", "skip", "notes", "-"}
    assert len(re.findall(r"<section[^>]*>\s*<section", page)) == kinds.count("slide") > 3
    spoken = [cell for cell, kind in zip(cells, kinds, strict=True) if kind not in ("skip", "notes")]
    assert len(pictures_on(page)) == sum(SVG in o.get("data", {}) for cell in spoken for o in cell.get("outputs", []))


# -- a code host


@each
def test_no_output_needs_more_than_a_host_shows(path: Path) -> None:
    for output in outputs(path):
        assert output.output_type != "error", output.evalue
        assert set(output.get("data", {})) <= SHOWN_BY_HOSTS


@each
def test_every_picture_has_the_same_in_words_beside_it(path: Path) -> None:
    for output in outputs(path):
        if SVG in output.get("data", {}):
            spoken = ElementTree.fromstring(output.data[SVG]).attrib["aria-label"].split()
            assert output.data["text/plain"].split()[: len(spoken)] == spoken != []


@each
def test_a_host_that_shows_no_pictures_shows_the_words(path: Path) -> None:
    strict, _ = SanitizeHTML(enabled=True).preprocess(copy.deepcopy(read(path)), {})
    page, _ = HTMLExporter().from_notebook_node(strict)
    bare = html.unescape(re.sub(r"<[^>]+>", "", page))

    assert pictures_on(page) == []
    for output in outputs(path):
        if SVG in output.get("data", {}):
            assert output.data["text/plain"] in bare


@each
def test_a_picture_loses_nothing_to_a_sanitiser(path: Path) -> None:
    for svg in pictures(path):
        assert parts(sanitised(svg)) == parts(svg)


def test_the_picture_of_the_readme_loses_nothing_to_a_sanitiser() -> None:
    svg = (NOTEBOOKS / "picture.svg").read_text(encoding="utf-8")

    assert parts(sanitised(svg)) == parts(svg)


@pytest.mark.parametrize(
    "harm",
    [
        '<text style="fill: red">words</text>',
        '<text class="loud">words</text>',
        "<style>text { fill: red }</style>",
        '<script>alert("words")</script>',
        '<rect onclick="alert()"/>',
        "<foreignObject>words</foreignObject>",
        '<image href="https://example.com/a.png"/>',
    ],
)
def test_the_sanitiser_takes_out_what_a_host_takes_out(harm: str) -> None:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg">{harm}</svg>'

    assert parts(sanitised(svg)) != parts(svg)


@each
def test_no_text_has_html_that_a_host_takes_out(path: Path) -> None:
    for text in prose(path):
        assert not re.search(r"<[a-zA-Z/!]", text), text


@each
def test_an_image_in_a_text_has_words_for_it_and_travels_with_the_notebook(path: Path) -> None:
    for text in prose(path):
        for words, target in re.findall(r"!\[([^\]]*)\]\(([^)\s]*)", text):
            assert len(words.split()) > 2, target
            assert target.startswith("attachment:"), f"{target} is not in the copy that `bgdemo lab` makes"
