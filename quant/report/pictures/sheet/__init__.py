"""The sheet of a study, for a reader's check: drawn cuts, numbers, charts and traffic lights."""
