"""A digital skeleton with lesions whose scores are known."""
