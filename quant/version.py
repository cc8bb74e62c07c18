"""Version of the engine: part of every record's name."""

VERSION = "0.1.0"
