"""The tables of codes, by what they are about; :mod:`quant.domain.flags` joins them."""
