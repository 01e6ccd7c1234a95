"""The command line: bgdemo demo | trace | lab | exercises | check | grade | ... Nothing in the package imports it."""

from bgdemo.cli.commands import app, main

__all__ = ["app", "main"]
