"""The page: well-formed, complete, escaped, and on its own."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from tests.evaluation.report.content import content
from vocalsep.evaluation.report.page import render

VOID = {"meta", "link", "img", "circle", "line", "rect"}


@pytest.fixture(scope="module")
def page() -> str:
    return render(content())


class Balance(HTMLParser):
    """Fails on a tag that is not closed in order; collects what is asked of other places."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.counts: dict[str, int] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag, self.getpos()


def test_tags_are_balanced_and_nothing_is_fetched(page: str) -> None:
    found = Balance()
    found.feed(page)
    assert not found.open
    assert all(link.startswith("data:") for link in found.links)
    assert "http" not in page and "@import" not in page and "url(" not in page
    assert found.counts["figure"] == 2 * (1 + 2 * 3)
    assert len(page) < 20e6


def test_names_are_escaped(page: str) -> None:
    assert "<other>" not in page and "<noise>" not in page
    assert "&lt;other&gt;" in page and "b &amp; c" in page


def test_every_part_is_there(page: str) -> None:
    for heading in ("Summary", "Comparison", "One by one", "Listen", "Model net", "Remarks"):
        assert f"<h2>{heading}</h2>" in page
    assert "vocalsep evaluate songs -m net" in page and "torch" in page
    assert "failed: f: no estimate of vocals" in page
    assert "4 windows" not in page and "1 windows with a silent source" in page
    assert "from 1:05, SDR -1.5 dB" in page


def test_the_clips_of_a_player_are_all_the_buttons_reach(page: str) -> None:
    island = re.search(r'<script type="application/json">(.*?)</script>', page)
    assert island is not None
    names = {"mixture"} | {
        f"{stem}/{label}"
        for stem in ("vocals", "accompaniment")
        for label in ("reference", "net", "<other>")
    }
    assert set(json.loads(island[1])) == names


def test_a_page_without_sound_has_pictures_only(page: str) -> None:
    quiet = render(content(sound=False))
    found = Balance()
    found.feed(quiet)
    assert found.counts["figure"] == 2 * (1 + 2 * 3)
    assert "<h2>Look</h2>" in quiet and "class=play" not in quiet and "run in step" not in quiet
    assert '<script type="application/json">{}</script>' in quiet
    assert len(quiet) < len(page) / 4
