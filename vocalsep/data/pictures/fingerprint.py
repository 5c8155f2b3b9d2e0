"""What nnU-Net's planner must know of a data set."""

from __future__ import annotations

from collections.abc import Callable

from vocalsep.backbones.plan import Fingerprint
from vocalsep.data.pictures.layouts import PictureSet
from vocalsep.data.pictures.pair import Pair
from vocalsep.errors import DataError, UnreadablePicture
from vocalsep.images.read import probe_picture
from vocalsep.images.volume import is_volume, read_volume

Look = tuple[tuple[int, ...], tuple[float, ...], int]  # size, spacing, channels
RGB = 3


def fingerprint(found: PictureSet, progress: Callable[[int, int], None]) -> Fingerprint:
    """Look at every picture or volume of a set.

    Args:
        found: the set.
        progress: called with (done, of) after each.

    Raises:
        DataError: one cannot be read, or they differ in the number of axes or channels.
    """
    looks: list[Look] = []
    for pair in found.pairs:
        try:
            looks.append(_look(pair))
        except UnreadablePicture as error:
            raise DataError(str(error)) from error
        size, _, n_channels = looks[-1]
        if (len(size), n_channels) != (len(looks[0][0]), looks[0][2]):
            raise DataError(
                f"{pair.image}: it has {len(size)} axes and {n_channels} channels, expected "
                f"{len(looks[0][0])} and {looks[0][2]} as {found.pairs[0].image.name} has"
            )
        progress(len(looks), len(found.pairs))
    sizes, spacings, channels = zip(*looks, strict=True)
    return Fingerprint(sizes, spacings, channels[0], len(found.classes))


def _look(pair: Pair) -> Look:
    """Pictures are read as RGB, whose pixels are as far apart in all of them."""
    if is_volume(pair.image):
        volume = read_volume(pair.image)
        return volume.values.shape[1:], volume.spacing, len(volume.values)
    info = probe_picture(pair.image)
    return (info.height, info.width), (1.0, 1.0), RGB
