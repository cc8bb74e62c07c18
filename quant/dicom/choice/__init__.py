"""Which volume is measured and which CT goes with it: evidence and scores."""
