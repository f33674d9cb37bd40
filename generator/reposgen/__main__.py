"""``python -m reposgen``: the command line without the script on PATH."""

from reposgen.cli import main

if __name__ == "__main__":
    main()
