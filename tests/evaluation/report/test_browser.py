"""The page in a real browser: no complaint on its console, players load, switch and seek."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest

from tests.evaluation.report.content import content
from vocalsep.evaluation.report.page import render

BROWSERS = ("chromium", "chromium-browser", "google-chrome")

# Uses the first player as a visitor would, and leaves what it saw in the page.
VISIT = """<script>
addEventListener("load", async () => {
  const root = document.querySelector(".passage");
  const seen = {};
  const wait = async (test) => { for (let k = 0; k < 400 && !test(); k++)
    await new Promise((done) => setTimeout(done, 25)); };
  root.querySelector(".play").click();
  await wait(() => root.querySelector(".play").textContent === "Pause");
  seen.playing = root.querySelector(".play").textContent;
  seen.first = root.dataset.playing;
  root.querySelector("[data-label=net]").click();
  seen.net = root.dataset.playing;
  root.querySelector("[data-of=accompaniment]").click();
  seen.stem = root.dataset.playing;
  seen.shown = [...root.querySelectorAll("figure")].filter((f) => !f.hidden).length;
  const figure = root.querySelector("figure[data-clip=mixture]");
  figure.click();
  root.querySelector(".play").click();
  seen.stopped = root.querySelector(".play").textContent;
  seen.wide = document.documentElement.scrollWidth <= innerWidth;
  seen.ready = document.documentElement.dataset.ready;
  document.body.dataset.seen = JSON.stringify(seen);
});
</script></body>"""


LOOK = """<script>
addEventListener("load", () => {
  const root = document.querySelector(".passage");
  root.querySelector("[data-label=net]").click();
  root.querySelector("[data-of=accompaniment]").click();
  root.querySelector("figure[data-clip=reference]").click();
  document.body.dataset.seen = JSON.stringify({
    playing: root.dataset.playing,
    buttons: root.querySelectorAll("button").length,
    drawn: [...document.images].every((image) => image.complete && image.naturalWidth > 0),
    wide: document.documentElement.scrollWidth <= innerWidth,
    ready: document.documentElement.dataset.ready,
  });
});
</script></body>"""


def visit(page: Path, html: str, width: int) -> dict[str, object]:
    """Open a page in a headless browser and return what its script saw."""
    page.write_text(html, encoding="utf-8")
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        pytest.skip(f"none of {', '.join(BROWSERS)} is installed")
    flags = [
        "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom",
        "--autoplay-policy=no-user-gesture-required", f"--window-size={width},900",
        "--virtual-time-budget=20000", f"--user-data-dir={page.parent / 'profile'}",
    ]  # fmt: skip
    done = subprocess.run(
        [browser, *flags, page.as_uri()], capture_output=True, text=True, timeout=300, check=True
    )
    assert "CONSOLE" not in done.stderr, done.stderr
    left = re.search(r'data-seen="([^"]*)"', done.stdout)
    assert left is not None, done.stderr[-2000:]
    seen: dict[str, object] = json.loads(unescape(left[1]))
    return seen


@pytest.mark.slow
@pytest.mark.parametrize("width", [1200, 500])
def test_the_page_works(width: int, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert visit(page, render(content()).replace("</body>", VISIT), width) == {
        "playing": "Pause",
        "first": "mixture",
        "net": "vocals/net",
        "stem": "accompaniment/net",
        "shown": 4,
        "stopped": "Play",
        "wide": True,
        "ready": "true",
    }


@pytest.mark.slow
def test_a_page_without_sound_works(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert visit(page, render(content(sound=False)).replace("</body>", LOOK), 1200) == {
        "playing": "vocals/reference",
        "buttons": 4 + 2,
        "drawn": True,
        "wide": True,
        "ready": "true",
    }
