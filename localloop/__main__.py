"""`python -m localloop`: the command line, for those who start it by their interpreter."""

from localloop.cli.main import main

main()
