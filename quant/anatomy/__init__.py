"""Where things lie in the patient: choosing regions, lobes, levels and sides."""
