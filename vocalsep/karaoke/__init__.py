"""Songs as karaoke programs open them, and vocalsep as the separator of other programs.

recognise.py   inputs → one product per song          batch.py   runs them (`vocalsep karaoke`)
product.py     what all products share: plan, workshop, manifest
take.py        a song beside its voice, and how both are written
ultrastar.py   … one file per kind of product
"""
