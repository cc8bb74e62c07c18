"""What organ regions say: canonical names, lobes, levels and sides."""
