"""What draws on the screen: live progress, tables, listings, plots of characters."""
