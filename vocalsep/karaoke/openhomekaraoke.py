"""What OpenHomeKaraoke plays next, so that its songs are separated in time.

The player answers GET /get_vocal_todo_list/<device> on its own machine with JSON; "queue" holds
the paths of the song that plays and of those that wait. The header "last_completed" names the file
that is done, which the player may have waited for to rename it (xuancong84/OpenHomeKaraoke,
vocal_splitter.py and app.py).
"""

from __future__ import annotations

import json
from http.client import HTTPException
from pathlib import Path
from urllib.request import ProxyHandler, Request, build_opener

PLAYER_URL = "http://localhost:5000"
_PATIENCE_S = 2.0


def playing_next(last_completed: str) -> list[str]:
    """File names in the order of the player's queue; none, if no player answers.

    Args:
        last_completed: name of the song that was done last, or nothing.
    """
    # http.client sends Latin-1; the player wants the bytes of UTF-8.
    headers = {"last_completed": last_completed.encode("utf-8", "ignore").decode("latin-1")}
    # The device is for the player's information page only.
    request = Request(f"{PLAYER_URL}/get_vocal_todo_list/cpu", headers=headers)
    opener = build_opener(ProxyHandler({}))  # it is on this machine, whatever proxy is set
    try:
        with opener.open(request, timeout=_PATIENCE_S) as reply:
            queue = json.loads(reply.read())["queue"]
        return [Path(path).name for path in queue]
    except (OSError, HTTPException, ValueError, TypeError, KeyError):
        return []
