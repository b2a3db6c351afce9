"""Views of a recorded graph: code, algebra and pictures, and what its layers know."""
