"""The body's outline on emission volume and CT: which way up a volume lies."""
