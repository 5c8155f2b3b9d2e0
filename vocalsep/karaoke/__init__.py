"""Songs as karaoke programs open them, and vocalsep as the separator of other programs.

plan.py         inputs → one product per song        batch.py      `vocalsep karaoke` runs them
product.py      what all products share; each kind of product has a file of its own:
                song.py · ultrastar.py · mp3g.py · video.py · lyric_video.py · stem_file.py
take.py         a song beside its voice, and how stems and mixes of the two are written
live.py         `vocalsep live` on the sliding window of sliding.py
watch.py        `vocalsep watch`; layouts.py says what a watched folder looks like,
                openhomekaraoke.py what that player wants first
usdb.py, spleeter.py   protocols of programs that call a separator
"""
