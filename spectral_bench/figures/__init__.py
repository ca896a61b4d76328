"""The pictures of the project: the numbers behind each first, then the drawing. Never reads files."""
