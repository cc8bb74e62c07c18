"""RECIST 1.1: from the lesions of a patient to answers with their derivation."""
