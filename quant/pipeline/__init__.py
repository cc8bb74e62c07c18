"""The story of one study, and of many."""
