"""A passage as HTML: buttons, pictures, and its clips, if any, as base64 in a JSON island."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from html import escape

from vocalsep.evaluation.report.passages import Clip, Passage


def passages_html(passages: Sequence[Passage], lead: str) -> str:
    """The section of the page; nothing without passages.

    Args:
        lead: the method by whose scores they were chosen.
    """
    if not passages:
        return ""
    sound = any(map(_has_sound, passages))
    how = (
        " All clips of a passage run in step: switch while they play, click into a picture to go "
        "there."
        if sound
        else ""
    )
    return (
        f"<h2>{'Listen' if sound else 'Look'}</h2><p class=soft>The ten seconds with the lowest "
        f"and the highest median SDR of {escape(lead)}.{how}</p>{''.join(map(_passage, passages))}"
    )


def _passage(passage: Passage) -> str:
    """One player; script.js brings it to life."""
    place = passage.place
    stems = list(passage.clips)
    minutes, seconds = divmod(place.start_s, 60)
    tone = "up" if place.kind == "best" else "down"
    labels = [clip.label for clip in passage.clips[stems[0]]]
    choose = "".join(f'<button data-label="{escape(n)}">{escape(n)}</button>' for n in labels)
    of = "".join(f'<button data-of="{escape(n)}">{escape(n)}</button>' for n in stems)
    figures = _figure(stems[0], passage.clips[stems[0]][0]) + "".join(
        _figure(stem, clip) for stem in stems for clip in passage.clips[stem][1:]
    )
    return (
        f'<div class="card passage" data-stem="{escape(stems[0])}"><header>'
        f"<h3>{escape(place.track)}</h3><span class=soft>from {minutes}:{seconds:02d}, SDR "
        f'{place.sdr:.1f} dB</span><span class="tag {tone}">{place.kind}</span></header>'
        f"<div class=controls>{_play(passage)}{choose}"
        f"<i class=gap></i>{of}</div><div class=pictures>{figures}</div>"
        f'<script type="application/json">{_clips_json(passage)}</script></div>'
    )


def _has_sound(passage: Passage) -> bool:
    return any(clip.mp3 for clips in passage.clips.values() for clip in clips)


def _play(passage: Passage) -> str:
    button = "<button class=play>Play</button><i class=gap></i>"
    return button if _has_sound(passage) else ""


def _figure(stem: str, clip: Clip) -> str:
    picture = base64.b64encode(clip.webp).decode("ascii")
    head = "<i class=head></i>" if clip.mp3 else ""
    caption = clip.label if clip.label == "mixture" else f"{stem}, {clip.label}"
    return (
        f'<figure data-stem="{escape(stem)}" data-clip="{escape(clip.label)}">'
        f'<img alt="spectrogram of {escape(caption)}" src="data:image/webp;base64,{picture}">'
        f"<figcaption>{escape(caption)}</figcaption>{head}</figure>"
    )


def _clips_json(passage: Passage) -> str:
    """Key -> base64 MP3: "mixture", and "stem/label" for all others; empty without sound."""
    if not _has_sound(passage):
        return "{}"
    clips = {"mixture": next(iter(passage.clips.values()))[0].mp3}
    for stem, several in passage.clips.items():
        clips |= {f"{stem}/{clip.label}": clip.mp3 for clip in several[1:]}
    text = json.dumps({key: base64.b64encode(mp3).decode("ascii") for key, mp3 in clips.items()})
    return text.replace("<", "\\u003c")  # a name cannot end the script
