"""``python -m finmodel``."""

from finmodel.cli.main import entry

if __name__ == "__main__":
    entry()
