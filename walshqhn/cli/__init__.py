"""The command line. Commands parse, call the library, print; what they need is imported when they run."""

from walshqhn.cli.app import main as main
