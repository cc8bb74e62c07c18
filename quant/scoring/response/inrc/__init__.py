"""INRC 2017: from lesions, bone scores and marrow to answers with their derivation."""
