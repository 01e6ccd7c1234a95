"""`python -m bgdemo`: the command line, where the `bgdemo` script is not on the path."""

from bgdemo.cli import main

if __name__ == "__main__":
    main()
