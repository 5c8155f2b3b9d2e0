"""Singing made of speech: many voices for training where few singers were recorded.

A voice that is unlike all that a network was trained on is taken for an instrument, so the variety
of voices decides. Speech is free in hundreds of voices; melodies, held vowels, glides and vibrato
are put on it here.

melody.py     random melodies: notes, and the pitch within them
speech.py     recorded speech on a melody (WORLD)
diphones.py   nonsense syllables on a melody, spoken by an MBROLA voice
write.py      a FLAC file for each voice
"""
