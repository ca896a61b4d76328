"""Files of the data sets: where they lie, their known digests, how to download and read them. Needs no torch."""
