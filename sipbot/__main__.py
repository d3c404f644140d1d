"""``python -m sipbot`` is the ``sipbot`` command."""

from sipbot.cli import main

if __name__ == "__main__":
    main()
