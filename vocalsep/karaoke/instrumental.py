"""Tell from its names whether a song already is an instrumental."""

from __future__ import annotations

import re

_WORDS = r"instrumental|instr|karaoke|kar|off[ -]?vocal|backing track|minus one|no vocals"
_BRACKETED = re.compile(rf"[(\[]\s*(?:[\w ]+ )?(?:{_WORDS})(?: [\w ]+)?\s*[)\]]\s*$", re.IGNORECASE)
_WHOLE_NAME = re.compile(rf"(?:{_WORDS}|accompaniment|no_vocals)", re.IGNORECASE)


def names_an_instrumental(name: str) -> bool:
    """Whether a title or a file name (without suffix) says that nobody sings.

    >>> names_an_instrumental("Space Invaders (Kar)")
    True
    >>> names_an_instrumental("Karaoke Queen")
    False
    """
    name = name.strip()
    return bool(_BRACKETED.search(name) or _WHOLE_NAME.fullmatch(name))
