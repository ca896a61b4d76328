"""Files of the data sets: where they lie, what they should be, how they are got and read. Needs no torch."""
