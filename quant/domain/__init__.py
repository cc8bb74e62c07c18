"""The words of the engine: frozen types without input or output."""
