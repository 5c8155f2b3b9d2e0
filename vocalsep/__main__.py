"""`python -m vocalsep` is the command line."""

from vocalsep.cli import main

main()
