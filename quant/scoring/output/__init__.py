"""What a run of scores writes: tables, evidence, and the overview."""
