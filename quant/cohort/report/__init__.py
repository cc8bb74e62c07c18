"""A whole analysis: its plan, its answers, the long table, figures and pages."""
