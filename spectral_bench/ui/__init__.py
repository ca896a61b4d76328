"""Everything drawn on the screen: live progress, tables, listings, plots in characters."""
