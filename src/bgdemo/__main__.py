"""`python -m bgdemo`: the command line, where the `bgdemo` script is not on the path."""

import sys

try:
    from bgdemo.cli import main
except ModuleNotFoundError as error:  # of what bgdemo cannot even start without; the doctor names the rest
    if error.name is None or error.name.partition(".")[0] == "bgdemo":
        raise
    python = f'"{sys.executable}"' if " " in sys.executable else sys.executable
    sys.exit(f"{error}. To fix it: {python} -m pip install {error.name.partition('.')[0]}")

if __name__ == "__main__":
    main()
