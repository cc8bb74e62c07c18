"""Who carries out the jobs of a batch, beside :class:`quant.pipeline.work.InProcess`."""
